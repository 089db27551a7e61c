import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { describe } from '../../_runtime/test.ts'
import { expireDueHolds } from '../holds.ts'
import { expireHold, look, openEvent, openSeating, type Seating } from './support.ts'

describe('an order and its seats', (it) => {
  let seating: Seating
  let orders: Ask
  it.before(async () => {
    seating = await openSeating()
    orders = await seating.asFunction('orders')
  })
  it.after(() => seating.close())

  const hold = (orderId: string, eventId: string, seatIds: string[], buyerId = newId()) =>
    orders('PUT', `/v1/holds/${orderId}`, { eventId, orderId, buyerId, seatIds })
  const allocate = (orderId: string, eventId: string, seatIds: string[], holdId = orderId) =>
    orders('POST', '/v1/seats/allocate', { eventId, orderId, holdId, seatIds })
  const statuses = async (seatIds: string[]) => {
    const all = await Promise.all(seatIds.map((id) => seating.ask('GET', `/v1/seats/${id}`)))
    return all.map(({ body }) => body.status).join()
  }
  it('meets its own hold when a step is repeated, and sells once', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const orderId = newId()
    const first = await hold(orderId, eventId, seatIds)
    const second = await hold(orderId, eventId, seatIds)
    assert.is(second.status, 200)
    assert.equal(second.body, first.body)
    assert.is((await allocate(orderId, eventId, seatIds)).status, 204)
    assert.is((await allocate(orderId, eventId, seatIds)).status, 204)
    assert.is(await statuses(seatIds), 'SOLD,SOLD')
  })

  it('gets its seats though the hold ran out, as long as nobody else has them', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const orderId = newId()
    await hold(orderId, eventId, seatIds)
    await expireHold(seating.deps, orderId)
    assert.is(await expireDueHolds(seating.deps), 1)
    assert.is((await allocate(orderId, eventId, seatIds)).status, 204)
  })

  it('loses all of them when one went to somebody else meanwhile', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const orderId = newId()
    await hold(orderId, eventId, seatIds)
    await expireHold(seating.deps, orderId)
    await hold(newId(), eventId, seatIds.slice(0, 1))
    const lost = await allocate(orderId, eventId, seatIds)
    assert.is(lost.status, 409)
    assert.is(lost.body.code, 'seats-lost')
    assert.is(await statuses(seatIds), 'HELD,AVAILABLE')
  })

  it('cannot buy at an event that was cancelled after the hold', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const orderId = newId()
    await hold(orderId, eventId, seatIds)
    await look(seating.deps.database, `update events set status = 'CANCELLED' where id = $1`, [
      eventId,
    ])
    assert.is((await allocate(orderId, eventId, seatIds)).body.code, 'event-not-on-sale')
  })

  it("takes over the buyer's own hold, for one order only", async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const buyerId = newId()
    const { body } = await (
      await seating.as(buyerId)
    )('POST', '/v1/seats/reserve', { eventId, seatIds })
    const adopt = (orderId: string, by: string) =>
      orders('PUT', `/v1/holds/${body.holdId}`, {
        eventId,
        orderId,
        buyerId: by,
        holdId: body.holdId,
      })
    const orderId = newId()
    assert.is((await adopt(newId(), newId())).body.code, 'hold-lost')
    assert.is((await adopt(orderId, buyerId)).body.total.amountMinor, 100_000)
    assert.is((await adopt(orderId, buyerId)).status, 200)
    assert.is((await adopt(newId(), buyerId)).body.code, 'hold-lost')
    assert.is((await allocate(orderId, eventId, seatIds, body.holdId)).status, 204)
  })

  it('gives up for ever what it held and what it had bought, and nothing of another', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const [orderId, other] = [newId(), newId()]
    await hold(orderId, eventId, seatIds)
    assert.is((await allocate(orderId, eventId, seatIds)).status, 204)
    const giveUp = (by: string) => orders('DELETE', `/v1/holds/${orderId}?orderId=${by}`)
    assert.is((await giveUp(other)).status, 204)
    assert.is(await statuses(seatIds), 'SOLD,SOLD')
    assert.is((await giveUp(orderId)).status, 204)
    assert.is((await giveUp(orderId)).status, 204)
    assert.is(await statuses(seatIds), 'AVAILABLE,AVAILABLE')
    const late = await allocate(orderId, eventId, seatIds)
    assert.equal([late.status, late.body.code], [409, 'seats-lost'])
    assert.is(await statuses(seatIds), 'AVAILABLE,AVAILABLE')
  })

  it("is not ended by another order that named the same hold and didn't get it", async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const [orderId, [a = '', b = '']] = [newId(), seatIds]
    await hold(orderId, eventId, seatIds)
    await allocate(orderId, eventId, seatIds)
    const failed = { ...snapshot(newId(), eventId, a, b), status: 'FAILED', holdId: orderId }
    const told = await seating.deliver('dev.boxoffice.order.failed.v1', failed.orderId, failed)
    assert.is(told.status, 204)
    assert.is(await statuses(seatIds), 'SOLD,SOLD')
  })

  it('tells its order when the hold runs out, and frees the seats', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const orderId = newId()
    await hold(orderId, eventId, seatIds)
    await expireHold(seating.deps, orderId)
    await expireDueHolds(seating.deps)
    const told = await look(
      seating.deps.database,
      `select payload from outbox where type = 'dev.boxoffice.seats.released.v1' and aggregateid = $1`,
      [eventId],
    )
    assert.equal(told, { orderId, eventId, holdId: orderId, reason: 'expired' })
    assert.is(await statuses(seatIds), 'AVAILABLE')
  })

  it('frees the seats of refunded lines once, even when the news comes twice', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const [a = '', b = ''] = seatIds
    const orderId = newId()
    await hold(orderId, eventId, seatIds)
    await allocate(orderId, eventId, seatIds)
    const refund = () =>
      seating.deliver('dev.boxoffice.order.refunded.v1', orderId, snapshot(orderId, eventId, a, b))
    assert.is((await refund()).status, 204)
    assert.is(await statuses(seatIds), 'AVAILABLE,SOLD')
    const next = newId()
    await hold(next, eventId, [a])
    await allocate(next, eventId, [a])
    assert.is((await refund()).status, 204)
    assert.is(await statuses(seatIds), 'SOLD,SOLD')
  })

  it('refuses a CloudEvent that moves seats and is not signed', async () => {
    const event = await seating.deliver(
      'dev.boxoffice.order.refunded.v1',
      newId(),
      snapshot(newId(), newId(), newId(), newId()),
      { sig: 'x' },
    )
    assert.is(event.status, 401)
    assert.is(event.body.code, 'unsigned-event')
  })

  it('is for the function orders alone', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const buyer = await seating.as(newId())
    const body = { eventId, seatIds, orderId: newId(), holdId: newId() }
    assert.is((await buyer('POST', '/v1/seats/allocate', body)).body.code, 'forbidden')
    assert.is((await seating.ask('POST', '/v1/seats/allocate', body)).body.code, 'not-signed-in')
  })

  const snapshot = (orderId: string, eventId: string, a: string, b: string) => ({
    orderId,
    version: 3,
    status: 'CONFIRMED',
    reason: null,
    eventId,
    eventTitle: 'A play',
    buyerId: newId(),
    holdId: orderId,
    lines: [
      { seatId: a, label: 'A-1', priceMinor: 50_000, refunded: true },
      { seatId: b, label: 'A-2', priceMinor: 50_000, refunded: false },
    ],
    total: { amountMinor: 105_000, currency: 'INR' },
    refunded: { amountMinor: 52_500, currency: 'INR' },
  })
})
