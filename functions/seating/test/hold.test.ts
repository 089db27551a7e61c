import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { takeSeatsBack } from '../allocations.ts'
import { expireHold, look, openEvent, openSeating, type Seating } from './support.ts'

describe('POST /v1/seats/reserve', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  it('holds the chosen seats at their price until the database says that the time is over', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const ask = await seating.as(newId())
    const held = await ask('POST', '/v1/seats/reserve', { eventId, seatIds: seatIds.slice(0, 2) })
    assert.is(held.status, 201)
    assert.equal(held.body.total, { amountMinor: 100_000, currency: 'INR' })
    assert.equal(
      held.body.seats.map((seat: { label: string }) => seat.label),
      ['A-1', 'A-2'],
    )
    const minutes = (Date.parse(held.body.expiresAt) - Date.now()) / 60_000
    assert.ok(minutes > 14 && minutes < 16)
  })

  it('names every seat that is taken, and keeps none of the others', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const [a = '', b = '', c = ''] = seatIds
    const first = await seating.as(newId())
    await first('POST', '/v1/seats/reserve', { eventId, seatIds: [b] })
    const second = await seating.as(newId())
    const refused = await second('POST', '/v1/seats/reserve', { eventId, seatIds: [a, b, c] })
    assert.is(refused.status, 409)
    assert.is(refused.body.code, 'seat-taken')
    assert.equal(refused.body.seats, [{ seatId: b, reason: 'HELD' }])
    assert.is(
      await look(
        seating.deps.database,
        `select count(*)::int from seats where event_id = $1 and status = 'HELD'`,
        [eventId],
      ),
      1,
    )
    const third = await seating.as(newId())
    assert.is((await third('POST', '/v1/seats/reserve', { eventId, seatIds: [a, c] })).status, 201)
  })

  it('names a taken seat by the label that it was asked for', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const first = await seating.as(newId())
    await first('POST', '/v1/seats/reserve', { eventId, seats: ['A-2'] })
    const second = await seating.as(newId())
    const refused = await second('POST', '/v1/seats/reserve', { eventId, seats: ['A-1', 'A-2'] })
    assert.equal([refused.status, refused.body.detail], [409, 'Not free: A-2'])
    assert.equal(refused.body.seats, [{ seatId: seatIds[1], label: 'A-2', reason: 'HELD' }])
  })

  it('says of a seat that was just sold that it is sold, and sells it again once it came back', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const orders = await seating.asFunction('orders')
    const orderId = newId()
    const mine = { eventId, orderId, seatIds: seatIds.slice(0, 1) }
    await orders('PUT', `/v1/holds/${orderId}`, { ...mine, buyerId: newId() })
    await orders('POST', '/v1/seats/allocate', { ...mine, holdId: orderId })
    const other = await seating.as(newId())
    const refused = await other('POST', '/v1/seats/reserve', { eventId, seatIds })
    assert.equal(refused.body.seats, [{ seatId: seatIds[0], reason: 'SOLD' }])
    await takeSeatsBack(seating.deps, { ...mine, holdId: orderId })
    assert.is((await other('POST', '/v1/seats/reserve', { eventId, seatIds })).status, 201)
  })

  it('takes seats by label, and says which label the event does not have', async () => {
    const { eventId } = await openEvent(seating.deps.database)
    const ask = await seating.as(newId())
    const held = await ask('POST', '/v1/seats/reserve', { eventId, seats: ['A-3', 'A-1'] })
    assert.equal(
      held.body.seats.map((seat: { label: string }) => seat.label),
      ['A-3', 'A-1'],
    )
    const unknown = await ask('POST', '/v1/seats/reserve', { eventId, seats: ['A-4', 'Z-9'] })
    assert.is(unknown.status, 404)
    assert.is(unknown.body.code, 'not-found')
    assert.equal(unknown.body.seats, [{ label: 'Z-9', reason: 'UNKNOWN' }])
  })

  it('gives the best seats side by side, and the rest where no row has that many', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { rows: 2, width: 4 })
    const ask = await seating.as(newId())
    await ask('POST', '/v1/seats/reserve', { eventId, seatIds: [seatIds[1]] })
    const labels = async (quantity: number) =>
      (await ask('POST', '/v1/seats/reserve', { eventId, quantity })).body.seats?.map(
        (seat: { label: string }) => seat.label,
      )
    assert.equal(await labels(3), ['B-1', 'B-2', 'B-3'])
    assert.equal(await labels(2), ['A-3', 'A-4'])
    assert.equal(await labels(2), ['A-1', 'B-4'])
    const none = await ask('POST', '/v1/seats/reserve', { eventId, quantity: 1 })
    assert.is(none.status, 409)
    assert.is(none.body.code, 'not-enough-seats')
  })

  it('refuses an event that is not on sale, has begun, or does not exist', async () => {
    const { database } = seating.deps
    const ask = await seating.as(newId())
    const codeOf = async (eventId: string, seatIds: string[]) =>
      (await ask('POST', '/v1/seats/reserve', { eventId, seatIds: seatIds.slice(0, 1) })).body.code
    const scheduled = await openEvent(database, { status: 'SCHEDULED' })
    assert.is(await codeOf(scheduled.eventId, scheduled.seatIds), 'event-not-on-sale')
    await look(database, `update events set on_sale_at = now() where id = $1`, [scheduled.eventId])
    assert.is(await codeOf(scheduled.eventId, scheduled.seatIds), undefined)
    const begun = await openEvent(database)
    await look(database, `update events set starts_at = now() where id = $1`, [begun.eventId])
    assert.is(await codeOf(begun.eventId, begun.seatIds), 'event-not-on-sale')
    assert.is(await codeOf(newId(), [newId()]), 'not-found')
  })

  it('frees a hold that ran out for the next buyer at once, before any sweep', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const [a = ''] = seatIds
    const hold = await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [a] })
    await expireHold(seating.deps, hold.body.holdId)
    const seat = await seating.ask('GET', `/v1/seats/${a}`)
    assert.is(seat.body.status, 'AVAILABLE')
    assert.is(
      (await (await seating.as(newId()))('POST', '/v1/seats/reserve', { eventId, seatIds: [a] }))
        .status,
      201,
    )
  })

  it('releases at once, only for the one who holds', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const ask = await seating.as(newId())
    const other = await seating.as(newId())
    const { body } = await ask('POST', '/v1/seats/reserve', {
      eventId,
      seatIds: seatIds.slice(0, 1),
    })
    assert.is((await other('POST', '/v1/seats/release', { holdId: body.holdId })).status, 404)
    assert.is((await ask('POST', '/v1/seats/release', { holdId: body.holdId })).status, 204)
    assert.is(
      (await other('POST', '/v1/seats/reserve', { eventId, seatIds: seatIds.slice(0, 1) })).status,
      201,
    )
  })

  it('extends a hold once, and never past its limit', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    const ask = await seating.as(newId())
    const { body } = await ask('POST', '/v1/seats/reserve', {
      eventId,
      seatIds: seatIds.slice(0, 1),
    })
    await look(
      seating.deps.database,
      `update holds set created_at = now() - interval '20 min' where id = $1`,
      [body.holdId],
    )
    const longer = await ask('POST', '/v1/seats/extend', { holdId: body.holdId })
    assert.is(longer.status, 200)
    const minutes = (Date.parse(longer.body.expiresAt) - Date.now()) / 60_000
    assert.ok(minutes > 9 && minutes < 11, `${minutes} minutes`)
    const again = await ask('POST', '/v1/seats/extend', { holdId: body.holdId })
    assert.is(again.body.code, 'hold-not-extendable')
  })

  it('answers every error of a body at once, and refuses unknown fields and seats named twice', async () => {
    const ask = await seating.as(newId())
    const id = newId()
    const bad = await ask('POST', '/v1/seats/reserve', {
      eventId: 'x',
      seatIds: [id, id],
      price: 1,
    })
    assert.is(bad.status, 400)
    assert.equal(bad.body.code, 'invalid-request')
    assert.ok(bad.body.errors.some((error: { pointer: string }) => error.pointer === '#/eventId'))
    const both = await ask('POST', '/v1/seats/reserve', { eventId: id, seatIds: [id], quantity: 1 })
    assert.is(both.body.errors[0].detail, 'must choose seats in exactly one way')
    const many = await ask('POST', '/v1/seats/reserve', { eventId: id, quantity: 11 })
    assert.is(many.body.seatsMax, 10)
    assert.is((await seating.ask('POST', '/v1/seats/reserve', {})).body.code, 'not-signed-in')
  })
})
