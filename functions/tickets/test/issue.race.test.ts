import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { followOrder } from '../issue.ts'
import { createFollowOrder } from '../store/follow-orders.ts'
import {
  anOrder,
  later,
  look,
  openInstance,
  openTickets,
  ticketsOf,
  timesTold,
  untilTaken,
  type Order,
  type Tickets,
} from './support.ts'

const deliveries = 50

describe('many deliveries at once', (it) => {
  let tickets: Tickets
  /** A second instance of the function on the same database. */
  let other: ReturnType<typeof openInstance>
  it.before(async () => {
    tickets = await openTickets({ DATABASE_CONNECTIONS: '20' })
    other = openInstance(tickets.env)
  })
  it.after(async () => {
    await other.close()
    await tickets.close()
  })

  const tell = (what: string, order: Order, i = 0, id = newId()) =>
    (i % 2 ? other : tickets).deliver(`dev.boxoffice.order.${what}.v1`, order.orderId, order, {
      id,
    })
  const count = (text: string, values: unknown[]) => look(tickets.deps.database, text, values)

  /** Until a statement waits for another one's lock; it gives up after 250 ms. */
  async function somebodyWaits(): Promise<void> {
    const waiting = `select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    for (let i = 0; i < 200 && (await count(waiting, [])) === 0; i++);
  }

  it('one confirmation fifty times, at two instances: one set of tickets, told of once', async () => {
    const order = anOrder()
    const id = newId()
    await Promise.all(Array.from({ length: deliveries }, (_, i) => tell('confirmed', order, i, id)))
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE, A-2 ACTIVE')
    assert.is(await timesTold(tickets.deps, order.orderId), 1)
  })

  it('the twin: looking first and then writing, without version, ids and index, issues many sets', async () => {
    const { database } = tickets.deps
    await look(database, `create table unguarded (order_id uuid, seat_id uuid)`)
    const see = statement('twin-see', `select 1 from unguarded where order_id = $1`)
    const write = statement(
      'twin-write',
      `insert into unguarded select $1, unnest($2::uuid[]) returning 1`,
    )
    const { orderId, lines } = anOrder()
    const seatIds = lines.map(({ seatId }) => seatId)
    const looks = Array.from({ length: deliveries }, () => database.query(see, [orderId]))
    const seen = await Promise.all(looks)
    const unseen = seen.filter((rows) => rows.length === 0)
    await Promise.all(unseen.map(() => database.query(write, [orderId, seatIds])))
    const issued = await count(`select count(*)::int from unguarded where order_id = $1`, [orderId])
    assert.is(issued, 2 * deliveries)
  })

  it('a burst of confirmations goes together in few statements, and each hears of its own', async () => {
    const { database } = tickets.deps
    const orders = Array.from({ length: 200 }, () => anOrder())
    const ids = orders.map(({ orderId }) => orderId)
    const follow = () => Promise.all(orders.map((order) => followOrder(tickets.deps, order)))
    const followed = await follow()
    const ownerOfSeat = `select jsonb_object_agg(seat_id, jsonb_build_array(order_id, event_id, holder_id))
       from tickets where order_id = any($1)`
    assert.equal(
      await look(database, ownerOfSeat, [ids]),
      Object.fromEntries(
        orders.flatMap(({ orderId, eventId, buyerId, lines }) =>
          lines.map(({ seatId }) => [seatId, [orderId, eventId, buyerId]]),
        ),
      ),
    )
    // Rows of one statement carry one transaction's id.
    const statements = await look(
      database,
      `select count(distinct xmin::text)::int from ticket_orders where order_id = any($1)`,
      [ids],
    )
    assert.ok(statements <= 10, `${statements} statements for 200 orders`)
    const payloads = followed.map(({ issued }) => issued?.payload as { orderId: string })
    assert.equal(
      payloads.map(({ orderId }) => orderId),
      ids,
    )
    assert.equal(
      (await follow()).map(({ earlierIssuedId }) => earlierIssuedId),
      followed.map(({ issued }) => issued?.id),
    )
  })

  it('a confirmation and its refund in any order, at once: no ticket is live in the end', async () => {
    const orders = Array.from({ length: 60 }, () => anOrder())
    const news = orders.flatMap((order, i) => {
      const both = [
        () => tell('confirmed', order, i),
        () => tell('refunded', later(order, 'REFUNDED'), i + 1),
        () => tell('confirmed', order, i + 1),
      ]
      return i % 3 ? both : both.toReversed()
    })
    await Promise.all(news.map((send) => send()))
    const live = await count(
      `select count(*)::int from tickets where order_id = any($1) and status = 'ACTIVE'`,
      [orders.map(({ orderId }) => orderId)],
    )
    assert.is(live, 0)
  })

  it('a refund that had to wait for the confirmation ends the tickets that it did not see at first', async () => {
    const order = anOrder()
    const { deps } = other
    const refunded = await deps.database.transaction(async (tx) => {
      await followOrder({ ...deps, follow: createFollowOrder(tx) }, order)
      const told = tell('refunded', later(order, 'REFUNDED'))
      await somebodyWaits()
      return { told }
    })
    await refunded.told
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 CANCELLED, A-2 CANCELLED')
  })

  it('the twin: one statement alone waits for the order, and then ends the tickets of before', async () => {
    const { database } = tickets.deps
    await look(database, `create table twin_orders (id uuid primary key, version int)`)
    await look(database, `create table twin_tickets (order_id uuid, status text)`)
    const insert = statement(
      'twin-issue',
      `with kept as (insert into twin_orders values ($1, 3))
       insert into twin_tickets values ($1, 'ACTIVE')`,
    )
    const end = statement(
      'twin-end',
      `with kept as (
         insert into twin_orders values ($1, 5) on conflict (id) do update set version = excluded.version
         returning id
       )
       update twin_tickets set status = 'CANCELLED' from kept where order_id = kept.id`,
    )
    const id = newId()
    const ended = await other.deps.database.transaction(async (tx) => {
      await tx.query(insert, [id])
      const waiting = database.query(end, [id])
      await somebodyWaits()
      return { waiting }
    })
    await ended.waiting
    assert.is(await count(`select version from twin_orders where id = $1`, [id]), 5)
    assert.is(await count(`select status from twin_tickets where order_id = $1`, [id]), 'ACTIVE')
  })

  it('the twin: without versions a confirmation that comes late revives what was refunded', async () => {
    const { database } = tickets.deps
    await look(database, `create table unversioned (order_id uuid primary key, status text)`)
    const follow = statement(
      'twin-follow',
      `insert into unversioned values ($1, $2) on conflict (order_id) do update set status = excluded.status`,
    )
    const { orderId } = anOrder()
    await database.query(follow, [orderId, 'CANCELLED'])
    await database.query(follow, [orderId, 'ACTIVE'])
    assert.is(
      await count(`select status from unversioned where order_id = $1`, [orderId]),
      'ACTIVE',
    )
  })
})

describe('many orders for one seat', (it) => {
  let tickets: Tickets
  it.before(async () => (tickets = await openTickets({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => tickets.close())

  it('one gets its ticket; the others are refused, and orders beside them are not', async () => {
    const seatId = newId()
    const rivals = Array.from({ length: 20 }, () => anOrder({}, [seatId]))
    const others = Array.from({ length: 20 }, () => anOrder())
    const confirm = (order: Order) =>
      tickets.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order)
    const [statuses] = await Promise.all([
      Promise.all(rivals.map(async (rival) => (await confirm(rival)).status)),
      Promise.all(others.map((order) => untilTaken(() => confirm(order)))),
    ])
    assert.is(statuses.filter((status) => status === 204).length, 1)
    assert.is(statuses.filter((status) => status === 503).length, 19)
    const live = await look(
      tickets.deps.database,
      `select count(*)::int from tickets where seat_id = $1 and status <> 'CANCELLED'`,
      [seatId],
    )
    assert.is(live, 1)
  })

  it('the twin: without the index each of them gets one', async () => {
    const { database } = tickets.deps
    await look(database, `create table unindexed (like tickets including defaults)`)
    const blind = statement(
      'twin-unindexed',
      `insert into unindexed (id, order_id, event_id, seat_id, holder_id, label)
       values ($1, $1, $1, $2, $1, 'A-1')`,
    )
    const seatId = newId()
    await Promise.all(Array.from({ length: 20 }, () => database.query(blind, [newId(), seatId])))
    const live = await look(
      database,
      `select count(*)::int from unindexed where seat_id = $1 and status <> 'CANCELLED'`,
      [seatId],
    )
    assert.is(live, 20)
  })
})
