import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { openMarket, type Market } from './market.ts'

describe('npm run smoke', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket()))
  it.after(() => market.close())

  const run = (...args: string[]) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const env = { ...process.env, GATEWAY_URL: market.url }
      const child = spawn(process.execPath, args, { env })
      let output = ''
      child.stdout.on('data', (chunk) => (output += chunk))
      child.on('close', (code) => resolve({ code, output }))
    })

  /** Runs it as an operator would. */
  async function smoke(...args: string[]): Promise<{ code: number | null; said: any }> {
    const { code, output } = await run('scripts/smoke.ts', market.url, '--json', ...args)
    return { code, said: JSON.parse(output) }
  }

  it('says what to do where nothing is on sale', async () => {
    const { code, said } = await smoke()
    assert.is(code, 1)
    assert.match(said.reason, /^find an event on sale: .*--event$/)
  })

  it("as a deployment's Job: looks, and takes an installation without events as it is", async () => {
    const ready = await run('scripts/smoke/main.ts', 'ready')
    assert.equal([ready.code, ready.output.match(/^ok /gm)?.length], [0, 3], ready.output)
    const empty = await run('scripts/smoke/main.ts', 'purchase')
    assert.is(empty.code, 0)
    assert.match(empty.output, /no event on sale has a free seat/)
  })

  it("as a deployment's Job: ends with 1 where a candidate cannot be reached", async () => {
    const { code, output } = await run('scripts/smoke/main.ts', 'candidates')
    assert.is(code, 1)
    assert.match(output, /candidate-\w+\.boxoffice\.svc\.cluster\.local\/ready/)
  })

  it('buys a ticket, and gives it back', async () => {
    const { eventId } = await market.openSale(2)
    const { code, said } = await smoke('--event', eventId)
    assert.equal([code, said.smoke], [0, 'passed'], JSON.stringify(said))
    const orders = await market.sql('orders', 'select status from orders where event_id = $1', [
      eventId,
    ])
    assert.equal(orders, [{ status: 'REFUNDED' }])
  })

  it('says which step did not work and what was answered, and ends with 1', async () => {
    const { eventId } = await market.openSale(2)
    const { code, said } = await smoke('--event', eventId, '--token', 'tok_declined')
    assert.equal([code, said.smoke], [1, 'failed'])
    assert.match(said.reason, /^buy a seat: POST \/v1\/orders answered 402.*payment-declined/)
  })
})
