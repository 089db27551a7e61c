import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { expireHold, look, openEvent, openSeating, type Seating } from './support.ts'

describe('seats that one buyer may have of an event', (it) => {
  let seating: Seating
  let orders: Ask
  it.before(async () => {
    seating = await openSeating({ SEATS_PER_BUYER_MAX: '4' })
    orders = await seating.asFunction('orders')
  })
  it.after(() => seating.close())

  /** An event and a buyer who reserves by number of seats. */
  async function opened() {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 20 })
    const buyerId = newId()
    const ask = await seating.as(buyerId)
    const reserve = (quantity: number) => ask('POST', '/v1/seats/reserve', { eventId, quantity })
    return { eventId, seatIds, buyerId, ask, reserve }
  }
  /** An order that holds seats and buys them. */
  async function buy({ eventId, buyerId }: { eventId: string; buyerId: string }, quantity: number) {
    const orderId = newId()
    const held = await orders('PUT', `/v1/holds/${orderId}`, {
      eventId,
      orderId,
      buyerId,
      quantity,
    })
    assert.is(held.status, 200)
    const seatIds: string[] = held.body.seats.map(({ id }: { id: string }) => id)
    const sale = { eventId, orderId, holdId: orderId, seatIds }
    assert.is((await orders('POST', '/v1/seats/allocate', sale)).status, 204)
    return { orderId, seatIds }
  }

  it('are counted as held and as bought, and one more is refused with the facts', async () => {
    const one = await opened()
    await buy(one, 1)
    assert.is((await one.reserve(2)).status, 201)
    const refused = await one.reserve(2)
    assert.equal([refused.status, refused.body.code], [409, 'buyer-limit'])
    const { limit, held, bought, asked } = refused.body
    assert.equal({ limit, held, bought, asked }, { limit: 4, held: 2, bought: 1, asked: 2 })
    assert.is((await one.reserve(1)).status, 201)
    assert.is((await one.reserve(1)).body.code, 'buyer-limit')
  })

  it('are not those of another buyer, or of another event', async () => {
    const [one, other] = [await opened(), await opened()]
    assert.is((await one.reserve(4)).status, 201)
    const neighbour = await seating.as(newId())
    const theirs = { eventId: one.eventId, quantity: 4 }
    assert.is((await neighbour('POST', '/v1/seats/reserve', theirs)).status, 201)
    const elsewhere = { eventId: other.eventId, quantity: 4 }
    assert.is((await one.ask('POST', '/v1/seats/reserve', elsewhere)).status, 201)
  })

  it('refuses a first hold that is too large, and leaves its seats to others', async () => {
    const one = await opened()
    assert.is((await one.reserve(5)).body.code, 'buyer-limit')
    const free = `select count(*)::int from seats where event_id = $1 and status = 'AVAILABLE'`
    assert.is(await look(seating.deps.database, free, [one.eventId]), 20)
    const named = { eventId: one.eventId, seatIds: one.seatIds.slice(0, 4) }
    assert.is((await one.ask('POST', '/v1/seats/reserve', named)).status, 201)
  })

  it('stop counting when the hold runs out, before any sweep, and when it is given up', async () => {
    const one = await opened()
    const { body } = await one.reserve(4)
    await expireHold(seating.deps, body.holdId)
    const next = await one.reserve(4)
    assert.is(next.status, 201)
    assert.is((await one.reserve(1)).body.code, 'buyer-limit')
    await one.ask('POST', '/v1/seats/release', { holdId: next.body.holdId })
    assert.is((await one.reserve(4)).status, 201)
  })

  it('stop counting when they are refunded, one by one or all', async () => {
    const one = await opened()
    const { orderId, seatIds } = await buy(one, 4)
    assert.is((await one.reserve(1)).body.code, 'buyer-limit')
    const refund = (status: string, gone: number) =>
      seating.deliver('dev.boxoffice.order.refunded.v1', orderId, {
        orderId,
        version: 3,
        status,
        reason: null,
        eventId: one.eventId,
        eventTitle: 'A play',
        buyerId: one.buyerId,
        holdId: orderId,
        lines: seatIds.map((seatId, i) => {
          return { seatId, label: 'A', priceMinor: 50_000, refunded: i < gone }
        }),
        total: { amountMinor: 210_000, currency: 'INR' },
        refunded: { amountMinor: 0, currency: 'INR' },
      })
    assert.is((await refund('CONFIRMED', 1)).status, 204)
    const freed = await one.reserve(1)
    assert.is(freed.status, 201)
    assert.is((await one.reserve(1)).body.bought, 3)
    assert.is((await refund('REFUNDED', 4)).status, 204)
    assert.is((await one.reserve(3)).status, 201)
    assert.is((await one.reserve(1)).body.code, 'buyer-limit')
  })

  it('are fewer where the event says so, also for seats that an order asks for', async () => {
    const one = await opened()
    await look(seating.deps.database, 'update events set seats_per_buyer_max = 2 where id = $1', [
      one.eventId,
    ])
    assert.is((await one.reserve(3)).body.limit, 2)
    const orderId = newId()
    const { eventId, buyerId } = one
    const asked = { eventId, orderId, buyerId, quantity: 3 }
    const refused = await orders('PUT', `/v1/holds/${orderId}`, asked)
    assert.equal([refused.status, refused.body.code], [409, 'buyer-limit'])
    await look(seating.deps.database, 'update events set seats_per_buyer_max = 50 where id = $1', [
      one.eventId,
    ])
    assert.is((await one.reserve(5)).body.limit, 4)
  })

  it('forgets holds that never count again', async () => {
    const one = await opened()
    for (let i = 0; i < 5; i++) {
      const { body } = await one.reserve(4)
      await one.ask('POST', '/v1/seats/release', { holdId: body.holdId })
    }
    const kept = 'select cardinality(hold_ids) from buyers where event_id = $1'
    await one.reserve(1)
    assert.is(await look(seating.deps.database, kept, [one.eventId]), 1)
  })

  it('forgets those that ran out an hour ago, not those that were bought however long ago', async () => {
    const one = await opened()
    await buy(one, 2)
    const { body } = await one.reserve(2)
    const { database } = seating.deps
    await expireHold(seating.deps, body.holdId)
    const earlier = `update holds set expires_at = expires_at - interval '2 hours' where event_id = $1`
    await look(database, earlier, [one.eventId])
    assert.is((await one.reserve(1)).status, 201)
    const kept = 'select cardinality(hold_ids) from buyers where event_id = $1'
    assert.is(await look(database, kept, [one.eventId]), 2 + 1)
    assert.is((await one.reserve(2)).body.bought, 2)
  })
})
