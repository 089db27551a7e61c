import * as assert from 'uvu/assert'
import { statement, type Sql } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { createAllocate } from '../store/allocations.ts'
import { createEndHold, createEndHoldForEver } from '../store/end-holds.ts'
import { createPlaceHold, type HoldRequest, type Placed } from '../store/place-hold.ts'
import { look, openEvent, openSeating, type Seating } from './support.ts'

describe('what goes together in one statement', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  /** Counts the statements beside running them. */
  function counted() {
    const { database } = seating.deps
    const seen = { statements: 0 }
    const sql: Sql = {
      query: (...asked) => {
        seen.statements += 1
        return database.query(...asked)
      },
    }
    return { sql, seen }
  }
  const hold = (eventId: string, seatIds: string[], more: Partial<HoldRequest> = {}) => ({
    id: newId(),
    eventId,
    buyerId: newId(),
    orderId: null,
    seatIds,
    seconds: 900,
    seatsPerBuyerMax: 4,
    ...more,
  })
  const told = (placed: Placed) =>
    placed.outcome === 'held'
      ? placed.seats.map(({ label, price_minor }) => `${label} ${price_minor}`).join()
      : placed.outcome === 'taken'
        ? placed.seats.map(({ label, reason }) => `${label} ${reason}`).join()
        : placed.outcome

  it('each hold is told of itself: what it has, or why not', async () => {
    const { database } = seating.deps
    const { sql, seen } = counted()
    const { eventId, seatIds } = await openEvent(database, { width: 20 })
    const closed = await openEvent(database, { status: 'CANCELLED' })
    const other = await openEvent(database)
    await look(database, 'update events set price_factor = 1.5 where id = $1', [other.eventId])
    const seats = (...numbers: number[]) => numbers.map((number) => seatIds[number - 1] as string)
    const place = createPlaceHold(sql)
    const before = hold(eventId, seats(1, 2, 3))
    const sold = hold(eventId, seats(4), { orderId: newId() })
    await Promise.all([place(before), place(sold)])
    const { id: holdId, orderId } = sold
    const sale = { orderId: orderId as string, holdId, eventId, seatIds: seats(4) }
    assert.is(await createAllocate(database)(sale), 'allocated')
    seen.statements = 0

    const [strange] = other.seatIds.slice(5)
    const requests = [
      hold(eventId, seats(10, 9)),
      hold(closed.eventId, closed.seatIds.slice(0, 2)),
      hold(eventId, seats(8, 4, 3)),
      hold(eventId, seats(5, 6), { buyerId: before.buyerId }),
      hold(eventId, seats(11, 12, 13, 14, 15)),
      hold(other.eventId, other.seatIds.slice(0, 1), { buyerId: before.buyerId }),
      hold(eventId, [...seats(16), newId(), strange as string]),
      hold(eventId, seats(17), { id: before.id }),
      hold(newId(), [newId()]),
      hold(eventId, seats(7), { buyerId: sold.buyerId }),
    ]
    const placed = await Promise.all(requests.map(async (request) => place(request)))
    assert.is(seen.statements, 1)
    assert.equal(placed.map(told), [
      'A-10 50000,A-9 50000',
      'closed',
      'A-4 SOLD,A-3 HELD',
      'limited',
      'limited',
      'A-1 75000',
      'null UNKNOWN,null UNKNOWN',
      '',
      'closed',
      'A-7 50000',
    ])

    for (const [i, { id, seatIds: own }] of requests.entries()) {
      const one = placed[i]
      if (one?.outcome !== 'held') continue
      const { seats: shown, expiresAt } = one
      const prices = shown.map(({ price_minor }) => price_minor)
      assert.equal(await database.query(keptStatement, [id]), [
        { seat_ids: own, prices, seats: own.length, expires_at: expiresAt },
      ])
      assert.equal(
        shown.map((seat) => seat.id),
        own,
      )
    }
    const held = await look(database, `select count(*)::int from seats where status = 'HELD'`)
    assert.is(held, 3 + 2 + 1 + 1)
  })

  it('each order is told of itself: whether the seats are its own, or why not', async () => {
    const { database } = seating.deps
    const { sql, seen } = counted()
    const { eventId, seatIds } = await openEvent(database, { width: 20 })
    const closed = await openEvent(database)
    const sale = (of: string, own: (string | undefined)[]) => {
      const orderId = newId()
      return { orderId, holdId: orderId, eventId: of, seatIds: own as string[] }
    }
    const held = async (one: ReturnType<typeof sale>) => {
      const { orderId, eventId: of, seatIds: own } = one
      await createPlaceHold(database)(hold(of, own, { id: orderId, orderId }))
      return one
    }
    const repeated = await held(sale(eventId, seatIds.slice(0, 2)))
    const cancelled = await held(sale(closed.eventId, closed.seatIds.slice(0, 2)))
    const givenUp = await held(sale(eventId, seatIds.slice(2, 4)))
    const paid = await held(sale(eventId, [seatIds[9], seatIds[8]]))
    await held(sale(eventId, [seatIds[4]]))
    const allocate = createAllocate(sql)
    assert.is(await allocate(repeated), 'allocated')
    await look(database, `update events set status = 'CANCELLED' where id = $1`, [closed.eventId])
    await look(database, `update holds set status = 'RELEASED' where id = $1`, [givenUp.holdId])

    const requests = [
      repeated,
      cancelled,
      paid,
      givenUp,
      sale(eventId, [seatIds[10], seatIds[4]]),
      sale(eventId, [seatIds[11], closed.seatIds[5]]),
      sale(eventId, [seatIds[12]]),
    ]
    seen.statements = 0
    const outcomes = await Promise.all(requests.map(async (request) => allocate(request)))
    const lost = ['lost', 'lost', 'lost']
    assert.equal(outcomes, ['allocated', 'cancelled', 'allocated', ...lost, 'allocated'])
    // Each that lost looks again whether it has the seats after all.
    assert.is(seen.statements, 1 + lost.length)
    for (const { orderId, seatIds: own } of [repeated, paid, requests.at(-1) ?? paid])
      assert.equal(
        await look(
          database,
          'select array_agg(seat_id order by seat_id) from allocations where order_id = $1',
          [orderId],
        ),
        own.toSorted(),
      )
    assert.is(await look(database, 'select count(*)::int from allocations'), 1 + 2 + 2 + 1)
  })

  it('each hold that ends gives its own seats back, and those of others stay', async () => {
    const { database } = seating.deps
    const { sql, seen } = counted()
    const { eventId, seatIds } = await openEvent(database, { width: 20 })
    const seats = (...numbers: number[]) => numbers.map((number) => seatIds[number - 1] as string)
    const mine = hold(eventId, seats(3, 1))
    const others = hold(eventId, seats(4))
    const bound = hold(eventId, seats(5), { orderId: newId() })
    const over = hold(eventId, seats(6))
    const partly = hold(eventId, seats(7, 8))
    const second = hold(eventId, seats(9))
    const place = createPlaceHold(database)
    await Promise.all([mine, others, bound, over, partly, second].map(async (one) => place(one)))
    assert.ok(await createEndHold(database)(over.id, over.buyerId))
    // One of its seats went to another hold, and so has nothing to do with it any more.
    const taken = `update seats set hold_id = $2 where id = $1`
    await look(database, taken, [seats(8)[0], others.id])

    const end = createEndHold(sql)
    const ends = [
      end(mine.id, mine.buyerId),
      end(others.id, mine.buyerId),
      end(bound.id, bound.buyerId),
      end(over.id, over.buyerId),
      end(newId(), mine.buyerId),
      end(partly.id.toUpperCase(), partly.buyerId),
      end(second.id, second.buyerId),
    ]
    const freed = await Promise.all(ends)
    assert.is(seen.statements, 1)
    const of = (one: HoldRequest, seatIdsFree: string[]) => ({
      hold_id: one.id,
      event_id: eventId,
      order_id: null,
      seat_ids: seatIdsFree,
      wanted_ids: one.seatIds,
    })
    const none = undefined
    assert.equal(
      freed.map((one) => one && { ...one, seat_ids: one.seat_ids.toSorted() }),
      [
        of(mine, mine.seatIds.toSorted()),
        none,
        none,
        none,
        none,
        of(partly, seats(7)),
        of(second, seats(9)),
      ],
    )
    const left = `select array_agg(number order by number) from seats where event_id = $1 and status = 'HELD'`
    assert.equal(await look(database, left, [eventId]), [4, 5, 8])
    assert.is(await createEndHoldForEver(database)(bound.id, newId()), none)
    const ended = await createEndHoldForEver(database)(bound.id, bound.orderId as string)
    assert.equal(ended?.seat_ids, seats(5))
  })
})

const keptStatement = statement(
  'test-kept',
  `select h.seat_ids, h.prices_minor::text[] as prices, h.expires_at,
     (select count(*)::int from seats s where s.hold_id = h.id and s.held_until = h.expires_at
       and s.id = any(h.seat_ids)) as seats
   from holds h where h.id = $1`,
)
