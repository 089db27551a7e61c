import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { signed } from '../webhooks.ts'
import {
  askingBank,
  chargeOf,
  ledgerFolder,
  openBank,
  openShop,
  until,
  webhookKey,
} from './support.ts'

describe('webhooks of the bank', (it) => {
  const ends = new Set<() => unknown>()
  it.afterEach(async () => {
    for (const end of Array.from(ends).toReversed()) await end()
    ends.clear()
  })

  /** A shop, and a bank that can be started more than once on one ledger. */
  async function open(answers?: () => number) {
    const [ledger, shop] = [ledgerFolder(), await openShop(answers)]
    ends.add(ledger.remove).add(shop.close)
    const start = async (more: { tells?: 'unanswered' } = {}) => {
      const bank = await openBank(ledger.path, { webhookUrl: shop.url, ...more })
      ends.add(bank.close)
      const close = () => {
        ends.delete(bank.close)
        return bank.close()
      }
      return { ask: askingBank(bank), close }
    }
    const acknowledged = () => ledger.read().split('"acknowledged"').length - 1
    return { shop, start, acknowledged }
  }

  it('tell of every charge and refund a moment after the answer, signed', async () => {
    const { shop, start, acknowledged } = await open()
    const { ask } = await start()
    const { body } = await ask('POST', '/charges', chargeOf('tok_ok'), 'one')
    assert.is(shop.told.length, 0)
    await ask('POST', '/charges', chargeOf('tok_declined'), 'two')
    const { body: waiting } = await ask('POST', '/charges', chargeOf('tok_3ds'), 'three')
    await ask('POST', '/charges', chargeOf('tok_3ds'), 'four')
    await ask('POST', `/3ds/${waiting.id}`, { approve: true })
    await ask('POST', '/charges/four/cancel')
    await ask('POST', '/refunds', { chargeId: body.id, amountMinor: 500 }, 'back')
    await until(() => acknowledged() === 5)

    const types = shop.told.map(({ body: { type, data } }) => [
      (data.charge ?? data.refund).key,
      type,
    ])
    assert.equal(Object.fromEntries(types), {
      one: 'charge.succeeded',
      two: 'charge.declined',
      three: 'charge.succeeded',
      four: 'charge.cancelled',
      back: 'refund.succeeded',
    })
    for (const { signature, text } of shop.told)
      assert.is(signature, signed(webhookKey, text, Number(/t=(\d+)/.exec(signature)?.[1])))
  })

  it('can be left to what no answer has told: the decision of a payer', async () => {
    const { shop, start, acknowledged } = await open()
    const first = await start({ tells: 'unanswered' })
    const { body } = await first.ask('POST', '/charges', chargeOf('tok_ok'), 'one')
    await first.ask('POST', '/refunds', { chargeId: body.id, amountMinor: 500 }, 'back')
    const { body: waiting } = await first.ask('POST', '/charges', chargeOf('tok_3ds'), 'three')
    await first.ask('POST', `/3ds/${waiting.id}`, { approve: true })
    await until(() => acknowledged() === 1)
    await first.close()
    await start({ tells: 'unanswered' })
    await new Promise((resolve) => setTimeout(resolve, 400))
    assert.equal(
      shop.told.map((one) => one.body.data.charge.key),
      ['three'],
    )
  })

  it('come again with the same id until they are taken', async () => {
    let answers = 0
    const { shop, start, acknowledged } = await open(() => (++answers < 3 ? 503 : 204))
    const { ask } = await start()
    await ask('POST', '/charges', chargeOf('tok_ok'), 'one')
    await until(() => acknowledged() === 1, 10_000)
    assert.is(shop.told.length, 3)
    assert.is(new Set(shop.told.map(({ body }) => body.id)).size, 1)
  })

  it('that were not taken before the end are sent after the next start, the others are not', async () => {
    const { shop, start, acknowledged } = await open()
    const first = await start()
    await first.ask('POST', '/charges', chargeOf('tok_ok'), 'told')
    await until(() => acknowledged() === 1)
    await first.ask('POST', '/charges', chargeOf('tok_ok'), 'untold')
    await first.close()
    assert.is(shop.told.length, 1)

    await start()
    await until(() => acknowledged() === 2)
    assert.equal(
      shop.told.map(({ body }) => body.data.charge.key),
      ['told', 'untold'],
    )
  })
})
