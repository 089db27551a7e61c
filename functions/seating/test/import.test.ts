import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { countSeats, findImportedSeats, importEvents, importSeats } from '../import.ts'
import { keepEvent, noteAvailability, recentlySold } from '../store/events.ts'
import { look, openSeating, type Seating } from './support.ts'

describe('seats of a data set', (it) => {
  let seating: Seating
  it.before(async () => {
    seating = await openSeating()
  })
  it.after(() => seating.close())

  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

  const snapshot = (eventId: string, status: 'SOLD_OUT' | 'ON_SALE') => ({
    eventId,
    version: 1,
    status,
    title: 'An evening of ragas',
    type: 'Concert',
    venueId: newId(),
    venueName: 'Rang Mandir',
    city: 'Pune',
    organizerId: null,
    startsAt: inDays(7),
    endsAt: inDays(8),
    onSaleAt: null,
    currency: 'INR',
    layoutVersion: 1,
    seatsPerBuyerMax: null,
  })

  const newSeat = (
    eventId: string,
    number: number,
    status: 'AVAILABLE' | 'SOLD' = 'AVAILABLE',
  ) => ({
    id: newId(),
    eventId,
    label: `A-1-${number}`,
    section: 'A',
    row: '1',
    number,
    priceMinor: 50_000,
    status,
    imported: { row: { seat_id: String(number) }, flags: [] },
  })

  const saleOf = (seat: { id: string; eventId: string }) => ({
    seatId: seat.id,
    eventId: seat.eventId,
    orderId: newId(),
    soldAt: new Date().toISOString(),
  })

  const importEvent = async (status: 'SOLD_OUT' | 'ON_SALE' = 'ON_SALE') => {
    const eventId = newId()
    await importEvents(seating.deps.database, [snapshot(eventId, status)])
    return eventId
  }

  it('are there with their sales, and are all that the event will have', async () => {
    const { database } = seating.deps
    const eventId = await importEvent()
    const seats = [newSeat(eventId, 1, 'SOLD'), newSeat(eventId, 2)]
    const sale = saleOf(seats[0] as (typeof seats)[0])
    const had = await importSeats(database, [eventId], seats, [sale])
    assert.equal(had, [{ seat_id: sale.seatId, order_id: sale.orderId }])
    assert.equal(await keepEvent(database, snapshot(eventId, 'ON_SALE')), { needsSeats: false })
    assert.equal(await countSeats(database, [eventId]), [{ eventId, version: 1, total: 2 }])
    const [known] = await findImportedSeats(database, [sale.seatId])
    assert.equal([known?.label, known?.order_id], ['A-1-1', sale.orderId])
  })

  it('are no recent sale, however late their order is, so the first one here is news', async () => {
    const { database } = seating.deps
    const eventId = await importEvent('SOLD_OUT')
    const seats = [newSeat(eventId, 1, 'SOLD'), newSeat(eventId, 2)]
    await importSeats(database, [eventId], seats, [saleOf(seats[0] as (typeof seats)[0])])
    const recent = await recentlySold(database, 1200)
    assert.not.ok(recent.some((event) => event.event_id === eventId))
    const [noted] = await noteAvailability(database, [eventId])
    assert.equal([noted?.is_sold_out, noted?.availability_version], [false, 2])
    assert.equal(await countSeats(database, [eventId]), [])
  })

  it('that a buyer holds, or has, are not taken from him by an order that comes later', async () => {
    const { database } = seating.deps
    const eventId = await importEvent()
    const seats = [1, 2, 3].map((number) => newSeat(eventId, number))
    const [free, held, sold] = seats as [(typeof seats)[0], (typeof seats)[0], (typeof seats)[0]]
    await importSeats(database, [eventId], seats, [])
    await look(
      database,
      `update seats set status = 'HELD', hold_id = id, held_until = now() + interval '1 min' where id = $1`,
      [held.id],
    )
    const other = newId()
    await look(
      database,
      `with sold as (update seats set status = 'SOLD' where id = $1 returning id, event_id)
       insert into allocations (seat_id, event_id, order_id) select id, event_id, $2 from sold`,
      [sold.id, other],
    )
    const sales = [free, held, sold].map(saleOf)
    const had = await importSeats(database, [eventId], [], sales)
    const orderOf = new Map(had.map(({ seat_id, order_id }) => [seat_id, order_id]))
    assert.equal(
      [free, held, sold].map(({ id }) => orderOf.get(id)),
      [sales[0]?.orderId, undefined, other],
    )
    const statuses = 'select array_agg(status order by number) from seats where event_id = $1'
    assert.equal(await look(database, statuses, [eventId]), ['SOLD', 'HELD', 'SOLD'])
  })

  it('leave an event alone that is known from its CloudEvents', async () => {
    const { database } = seating.deps
    const eventId = await importEvent('ON_SALE')
    await importEvents(database, [{ ...snapshot(eventId, 'SOLD_OUT'), version: 2 }])
    assert.is(await look(database, 'select status from events where id = $1', [eventId]), 'ON_SALE')
  })
})
