import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { Event } from '../event.ts'
import { Hold } from '../hold.ts'
import { Seat } from '../seat.ts'
import { openEvent, openSeating, type Seating } from './support.ts'

describe('entities', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  it('read what the statements wrote, and write what they read, in the schema of the function', async () => {
    const { database } = seating.deps
    const { eventId, seatIds } = await openEvent(database, { width: 2 })
    const [seatId = ''] = seatIds
    const buyer = await seating.as(newId())
    const held = await buyer('POST', '/v1/seats/reserve', { eventId, seatIds: [seatId] })
    assert.is(held.status, 201)

    const em = await database.em()
    const [event, seat, hold] = await Promise.all([
      em.fork().findOneOrFail(Event, { id: eventId }),
      em.fork().findOneOrFail(Seat, { id: seatId }),
      em.fork().findOneOrFail(Hold, { id: held.body.holdId }),
    ])
    assert.equal([event.priceFactor, event.startsAt instanceof Date], [1, true])
    assert.equal([seat.priceMinor, seat.status, seat.holdId], [50_000, 'HELD', hold.id])
    assert.equal(
      [hold.seatIds, hold.pricesMinor, hold.expiresAt],
      [[seatId], ['50000'], seat.heldUntil],
    )

    const [, other] = await em.find(Seat, { eventId }, { orderBy: { ordinal: 'asc' } })
    if (other) other.status = 'BLOCKED'
    await em.flush()
    const { body } = await seating.ask('GET', `/v1/seats/summary?eventId=${eventId}`)
    assert.equal([body.held, body.blocked], [1, 1])
  })
})
