import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

/** Right after a refund was written down, and right after its money was given back and before that was. */
const failpoints = ['orders.refund-begun', 'orders.refund-asked']

describe('an event that is cancelled while functions die', (it) => {
  const marks = mkdtempSync(join(tmpdir(), 'boxoffice-marks-'))
  let market: Market
  it.before(async () => {
    for (const point of failpoints) writeFileSync(join(marks, point), '')
    market = await openMarket({
      isWarm: true,
      settings: () => ({
        FAILPOINTS: failpoints.join(),
        FAILPOINTS_ONCE: marks,
        LEASE_SECONDS: '3',
      }),
    })
  })
  it.after(() => market.close())

  it('gives every order back once, while its organizer watches it go from none to all', async () => {
    const count = 24
    const { eventId, seatIds, organizer } = await market.openSale(count)
    const buyers = await Promise.all(seatIds.map(() => market.person()))
    for (const [i, buyer] of buyers.entries()) {
      const key = newId()
      const wish = { eventId, seatIds: [seatIds[i]], ...card('tok_ok') }
      await until('sold', async () => (await buyer.order(wish, key)).status === 201, 60_000)
    }
    const progress = async () =>
      (await organizer.ask('GET', `/v1/events/${eventId}/refunds`)).body as Record<string, any>
    assert.is((await progress()).refunded.orders, 0)

    for (const point of failpoints) rmSync(join(marks, point))
    const cancelled = await organizer.ask('POST', `/v1/events/${eventId}/cancel`)
    assert.is(cancelled.status, 200)
    const seen: number[] = []
    let kills = 0
    await until(
      'every order is refunded',
      async () => {
        const body = await progress()
        if (!body?.refunded) return false
        seen.push(body.refunded.orders)
        if (kills < 6 && body.eventStatus === 'CANCELLED') {
          kills += 1
          for (const pid of market.pidsOf(kills % 2 ? 'payments' : 'orders'))
            process.kill(pid, 'SIGKILL')
        }
        return body.done
      },
      180_000,
    )
    for (const point of failpoints) assert.ok(existsSync(join(marks, point)), point)
    assert.equal(
      seen,
      seen.toSorted((a, b) => a - b),
    )
    const done = await progress()
    assert.equal(
      [done.refunded, done.toRefund.orders, done.waiting.orders],
      [{ orders: count, amount: { amountMinor: count * 52_500, currency: 'INR' } }, 0, 0],
    )
    const orders = await market.sql('orders', 'select id, status from orders where event_id = $1', [
      eventId,
    ])
    assert.is(orders.length, count)
    for (const { id, status } of orders) {
      assert.is(status, 'REFUNDED')
      assert.equal(await market.ledgerOf(id), { taken: 52_500, back: 52_500 })
    }
    const [{ told }] = await market.sql(
      'orders',
      `select count(*)::int as told from outbox where type = 'dev.boxoffice.order.refunded.v1'`,
    )
    assert.is(told, count)
  })
})
