import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { createPlaceHold, type HoldRequest } from '../store/place-hold.ts'
import { look, openEvent, openSeating, type Seating } from './support.ts'

const limit = 4

/** One buyer asks many times at once, for different seats, of several instances: each has its own statements. */
describe('one buyer who asks everywhere at once', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => seating.close())

  async function wishes(count: number, seats: number) {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { rows: 4, width: 20 })
    const buyerId = newId()
    const each = Array.from({ length: count }, (_, i): HoldRequest => {
      const own = seatIds.slice(i * seats, i * seats + seats)
      const request = { id: newId(), eventId, buyerId, orderId: null, seatIds: own }
      return { ...request, seconds: 900, seatsPerBuyerMax: limit }
    })
    return { eventId, each }
  }
  const heldSeats = (eventId: string) =>
    look(
      seating.deps.database,
      `select count(*)::int from seats where event_id = $1 and status = 'HELD'`,
      [eventId],
    )

  for (const seats of [1, 3])
    it(`gets as many seats as he may have, and no more, ${seats} at a time`, async () => {
      const instances = Array.from({ length: 4 }, () => createPlaceHold(seating.deps.database))
      for (let round = 0; round < 5; round++) {
        const { eventId, each } = await wishes(20, seats)
        const placed = await Promise.allSettled(
          each.map(async (request, i) => instances[i % instances.length]?.(request)),
        )
        const outcomes = placed.map((one) =>
          one.status === 'fulfilled' ? one.value?.outcome : one.reason,
        )
        const held = outcomes.filter((outcome) => outcome === 'held').length
        assert.is(held, Math.floor(limit / seats), outcomes.join())
        assert.is(outcomes.filter((outcome) => outcome === 'limited').length, 20 - held)
        assert.is(await heldSeats(eventId), held * seats)
      }
    })

  it('the twin: counting first and then holding, he gets more', async () => {
    const { eventId, each } = await wishes(20, 1)
    const { database } = seating.deps
    const count = statement(
      'twin-count',
      `select count(*)::int as count from holds where event_id = $1 and buyer_id = $2`,
    )
    const place = createPlaceHold(database)
    const counted = await Promise.all(
      each.map(async ({ buyerId }) => database.query<{ count: number }>(count, [eventId, buyerId])),
    )
    await Promise.all(
      each.map(async (request, i) => {
        if ((counted[i]?.[0]?.count ?? 0) < limit)
          await place({ ...request, seatsPerBuyerMax: 100 })
      }),
    )
    assert.ok((await heldSeats(eventId)) > limit)
  })
})
