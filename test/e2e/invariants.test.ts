import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { checkInvariants } from '../../scripts/invariants/check.ts'
import { card, openMarket, type Market } from './market.ts'

describe('the invariants of a running system', (it) => {
  let market: Market
  it.before(async () => (market = await openMarket({ isWarm: true })))
  it.after(() => market.close())

  const look = (moment: 'any' | 'quiet') =>
    checkInvariants(
      {
        databaseUrl: market.databaseUrl,
        ledger: join(market.folder, 'bank', 'ledger.jsonl'),
        redisUrl: market.redisUrl,
      },
      { moment },
    )

  it('are all true after purchases, refunds, cancellations and refusals', async () => {
    const { eventId, seatIds } = await market.openSale(10, 2)
    const buyer = await market.person()
    const buy = (seats: string[], token = 'tok_ok') =>
      buyer.order({ eventId, seatIds: seats, ...card(token) })
    const [whole, parts, kept, declined] = await Promise.all([
      buy(seatIds.slice(0, 2)),
      buy(seatIds.slice(2, 5)),
      buy(seatIds.slice(5, 6)),
      buy(seatIds.slice(6, 7), 'tok_declined'),
    ])
    assert.equal([whole.status, parts.status, kept.status, declined.status], [201, 201, 201, 402])
    const waiting = await buyer.order({ eventId, seatIds: seatIds.slice(7, 8) })
    assert.is(waiting.status, 201)
    const taken = await buy(seatIds.slice(7, 9))
    assert.is(taken.status, 409)
    const unpaid = await buyer.order({ eventId, seatIds: seatIds.slice(9, 10) })
    assert.is((await buyer.ask('POST', `/v1/orders/${unpaid.body.id}/cancel`)).status, 200)
    const refund = await buyer.ask('POST', `/v1/orders/${parts.body.id}/refunds`, {
      seatIds: seatIds.slice(2, 3),
    })
    assert.is(refund.status, 200, refund.text)
    assert.is((await buyer.ask('POST', `/v1/orders/${whole.body.id}/cancel`)).status, 200)
    const report = await look('quiet')
    assert.equal(report.violations, [])
    assert.equal(report.unread, [])
  })
})
