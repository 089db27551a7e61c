import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { statement } from '../../_runtime/database.ts'
import { describe } from '../../_runtime/test.ts'
import { look, openEvent, openSeating, type Seating } from './support.ts'

const buyers = 200

describe('many buyers for few seats', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => seating.close())

  /** `buyers` at once, each wanting the seats that `wish` gives him. */
  async function rush(eventId: string, wish: (buyer: number) => object) {
    const asks = await Promise.all(Array.from({ length: buyers }, () => seating.as(newId())))
    const answers = await Promise.allSettled(
      asks.map((ask, buyer) => ask('POST', '/v1/seats/reserve', { eventId, ...wish(buyer) })),
    )
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.status : 0))
  }

  const count = (statuses: number[], status: number) =>
    statuses.filter((other) => other === status).length

  const heldSeats = (eventId: string) =>
    look(
      seating.deps.database,
      `select count(*)::int from seats where event_id = $1 and status = 'HELD'`,
      [eventId],
    )

  it('one seat: one wins, all others are told that it is taken', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const statuses = await rush(eventId, () => ({ seatIds }))
    assert.is(count(statuses, 201), 1)
    assert.is(count(statuses, 409), buyers - 1)
    assert.is(await heldSeats(eventId), 1)
  })

  it('one seat whose id is spelled in two ways: one wins, and nobody has it twice in a basket', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const capitals = seatIds.map((id) => id.toUpperCase())
    const ask = await seating.as(newId())
    const both = await ask('POST', '/v1/seats/reserve', {
      eventId,
      seatIds: [...seatIds, ...capitals],
    })
    assert.is(both.status, 400)
    const statuses = await rush(eventId, (buyer) => ({ seatIds: buyer % 2 ? seatIds : capitals }))
    assert.is(count(statuses, 201), 1)
    assert.is(count(statuses, 409), buyers - 1)
    const holds = await look(
      seating.deps.database,
      `select count(*)::int from holds where event_id = $1 and status = 'ACTIVE'`,
      [eventId],
    )
    assert.is(holds, 1)
  })

  it('fifty seats for whoever comes: fifty win, nobody is refused while seats are left', async () => {
    const { eventId } = await openEvent(seating.deps.database, { rows: 5, width: 10 })
    const statuses = await rush(eventId, () => ({ quantity: 1 }))
    assert.is(count(statuses, 201), 50)
    assert.is(count(statuses, 409), buyers - 50)
    assert.is(await heldSeats(eventId), 50)
  })

  it('without Redis: one wins just the same, because the statement decides', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 2 })
    const { take } = seating.deps.guard
    seating.deps.guard.take = async () => undefined
    try {
      const statuses = await rush(eventId, (buyer) => ({
        seatIds: buyer % 2 ? seatIds : seatIds.toReversed(),
      }))
      assert.is(count(statuses, 201), 1)
      assert.is(count(statuses, 409), buyers - 1)
      assert.is(await heldSeats(eventId), 2)
    } finally {
      seating.deps.guard.take = take
    }
  })

  it('overlapping baskets: every hold has all its seats, and none has a part', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { rows: 2, width: 10 })
    const statuses = await rush(eventId, (buyer) => ({
      seatIds: [0, 1, 2, 3].map((i) => seatIds[(buyer * 3 + i) % seatIds.length]),
    }))
    assert.is(count(statuses, 201) + count(statuses, 409), buyers)
    assert.is(await heldSeats(eventId), count(statuses, 201) * 4)
    const partial = await look(
      seating.deps.database,
      `select count(*)::int from holds h where event_id = $1
         and 4 <> (select count(*) from seats s where s.hold_id = h.id)`,
      [eventId],
    )
    assert.is(partial, 0)
  })

  it('the twin: looking first and then writing, without a guard, sells one seat many times', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const { database } = seating.deps
    const see = statement('twin-see', `select status from seats where id = $1`)
    const write = statement(
      'twin-write',
      `update seats set status = 'HELD', hold_id = $2, held_until = now() + interval '15 min' where id = $1 returning 1`,
    )
    const winners = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const [seat] = await database.query<{ status: string }>(see, seatIds)
        if (seat?.status !== 'AVAILABLE') return 0
        return (await database.query(write, [seatIds[0], newId()])).length
      }),
    )
    const won = winners.filter((one) => one === 1).length
    assert.ok(won > 1, `${won} buyers were told that they hold the one seat of ${eventId}`)
  })
})

describe('many orders for one seat', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => seating.close())

  const allocateAll = async (eventId: string, seatIds: string[]) => {
    const orders = await seating.asFunction('orders')
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        orders('POST', '/v1/seats/allocate', {
          eventId,
          seatIds,
          orderId: newId(),
          holdId: newId(),
        }),
      ),
    )
    return answers.map(({ status, body }) => (status === 204 ? 'sold' : body.code))
  }

  it('sells it to one of them', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const outcomes = await allocateAll(eventId, seatIds)
    assert.is(outcomes.filter((outcome) => outcome === 'sold').length, 1)
    assert.is(outcomes.filter((outcome) => outcome === 'seats-lost').length, 49)
    assert.is(
      await look(
        seating.deps.database,
        `select count(*)::int from allocations where event_id = $1`,
        [eventId],
      ),
      1,
    )
  })

  it('tells the same order, asked twice at once, that the seats are its own', async () => {
    const { database } = seating.deps
    const { eventId, seatIds } = await openEvent(database, { width: 1 })
    const orders = await seating.asFunction('orders')
    const body = { eventId, seatIds, orderId: newId(), holdId: newId() }
    // Both statements begin before the first can end: they wait for a row that somebody else has.
    const both = await database.transaction(async (tx) => {
      await tx.query(statement('', 'select from seats where id = $1 for update'), seatIds)
      const asked = [1, 2].map(() => orders('POST', '/v1/seats/allocate', body))
      await new Promise((resolve) => setTimeout(resolve, 100))
      return asked
    })
    assert.equal(
      (await Promise.all(both)).map(({ status }) => status),
      [204, 204],
    )
  })

  it('has the last word by its unique key: a statement that forgets to look is refused', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    const blind = statement(
      'twin-allocate',
      `insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3) returning 1`,
    )
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        seating.deps.database.query(blind, [seatIds[0], eventId, newId()]),
      ),
    )
    assert.is(tries.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('the twin: without the key the same statement sells it to all of them', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 1 })
    await look(
      seating.deps.database,
      `create table unguarded (seat_id uuid, event_id uuid, order_id uuid)`,
    )
    const blind = statement(
      'twin-unguarded',
      `insert into unguarded values ($1, $2, $3) returning 1`,
    )
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        seating.deps.database.query(blind, [seatIds[0], eventId, newId()]),
      ),
    )
    assert.is(tries.filter(({ status }) => status === 'fulfilled').length, 20)
  })
})
