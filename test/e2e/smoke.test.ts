import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { openMarket, type Market } from './market.ts'

describe('npm run smoke', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket()))
  it.after(() => market.close())

  /** Runs it as an operator would; gives its exit code and the last line of what it printed. */
  const smoke = (...args: string[]) =>
    new Promise<{ code: number | null; said: any }>((resolve) => {
      const child = spawn(process.execPath, ['scripts/smoke.ts', market.url, '--json', ...args])
      let output = ''
      child.stdout.on('data', (chunk) => (output += chunk))
      child.on('close', (code) => resolve({ code, said: JSON.parse(output) }))
    })

  it('says what to do where nothing is on sale', async () => {
    const { code, said } = await smoke()
    assert.is(code, 1)
    assert.match(said.reason, /^find an event on sale: .*--event$/)
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
