import { isUniqueViolation, statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { isPlanted } from '../../_runtime/planted.ts'
import { isFree } from './predicates.ts'

export type AllocationRequest = {
  orderId: string
  holdId: string
  eventId: string
  seatIds: string[]
}

export type Allocated = 'allocated' | 'cancelled' | 'lost'

/**
 * Sells the seats of a paid order, all or none, in one statement with the orders that are paid at the same
 * moment. A seat may be had while this order's hold is on it, even one that ran out, and while nobody has
 * it. Repeating it finds the seats already this order's. The unique key on allocations has the last word.
 */
export const createAllocate = (sql: Sql) => {
  const allocate = merged((requests: AllocationRequest[]) => allocateAll(sql, requests), {
    keys: ({ orderId, seatIds }) => [orderId, ...seatIds],
    mayRetry: wasRolledBack,
  })
  return async (request: AllocationRequest): Promise<Allocated> => {
    const outcome = await allocate(request).catch((err: unknown) => {
      if (isUniqueViolation(err, 'allocations_pkey')) return 'lost' as const
      throw err
    })
    // The statement may have waited for this very order's own allocation, which its snapshot does not show.
    return outcome === 'lost' && (await isAllocated(sql, request)) ? 'allocated' : outcome
  }
}

/** True where the order has all of the seats. */
async function isAllocated(sql: Sql, { orderId, seatIds }: AllocationRequest): Promise<boolean> {
  const [row] = await sql.query<{ count: number }>(allocatedStatement, [orderId, seatIds])
  return row?.count === seatIds.length
}

const allocatedStatement = statement(
  'allocation-count',
  `select count(*)::int as count from allocations where order_id = $1 and seat_id = any($2::uuid[])`,
)

type AllocatedRow = { item: number; is_live: boolean; is_sold: boolean }

async function allocateAll(sql: Sql, requests: AllocationRequest[]): Promise<Allocated[]> {
  const wanted = requests.flatMap(({ seatIds }, i) =>
    seatIds.map((seatId) => ({ item: i + 1, seatId })),
  )
  const rows = await sql.query<AllocatedRow>(allocateStatement, [
    requests.map(({ orderId }) => orderId),
    requests.map(({ holdId }) => holdId),
    requests.map(({ eventId }) => eventId),
    wanted.map(({ item }) => item),
    wanted.map(({ seatId }) => seatId),
    requests.map(({ seatIds }) => seatIds.length),
  ])
  const own = new Map(rows.map((row) => [row.item, row]))
  return requests.map((_, i) => {
    const row = own.get(i + 1)
    if (!row) throw new Error('an order names no seat')
    if (row.is_sold) return 'allocated'
    return row.is_live ? 'lost' : 'cancelled'
  })
}

/** The planted bug sells without looking; the tests that plant it take the unique key away too. */
const mayBeSold = isPlanted('allocations-without-index')
  ? 'true'
  : `(${isFree('s')} or (s.status = 'HELD' and s.hold_id = w.hold_id))`

/** What is wanted is counted from 1, as arrays are; see `place-hold.ts`. */
const allocateStatement = statement(
  'allocate',
  `with wanted as (
     select item, seat_id, ($1::uuid[])[item] as order_id, ($2::uuid[])[item] as hold_id,
       ($3::uuid[])[item] as event_id
     from unnest($4::int[], $5::uuid[]) as w (item, seat_id)
   ), live as (
     select e.id from events e where e.id = any($3::uuid[]) and e.status <> 'CANCELLED'
   ), held as materialized (
     select h.id, h.status from holds h where h.id = any($2::uuid[]) order by h.id for update
   ), free as materialized (
     -- first the holds, then the seats, as whoever ends a hold does: so two never wait for each other in a circle
     select w.item, s.id from wanted w join seats s on s.id = w.seat_id
     where (s.event_id = w.event_id) is true and ${mayBeSold}
       and (select count(*) from held) >= 0
     order by s.id for update of s
   ), won as (
     select item, ($1::uuid[])[item] as order_id, ($2::uuid[])[item] as hold_id,
       ($3::uuid[])[item] as event_id, array_agg(distinct id) as seat_ids
     from free group by item
     having count(*) = ($6::int[])[item]
       and ($3::uuid[])[item] = any(array(select id from live))
       -- given up by the end of its order, which this may come after
       and ($2::uuid[])[item] <> all (array(select id from held where status = 'RELEASED'))
   ), sold as (
     update seats s set status = 'SOLD', hold_id = null, held_until = null, changed_at = now(),
       version = s.version + 1
     where s.id = any(array(select unnest(seat_ids) from won))
   ), written as (
     insert into allocations (seat_id, event_id, order_id)
     select unnest(seat_ids), event_id, order_id from won
   ), used as (
     update holds h set status = 'ALLOCATED' where h.id = any(array(select hold_id from won))
   )
   select item, true as is_live, true as is_sold from won
   union all
   select w.item, w.event_id = any(array(select id from live)), count(l.seat_id) = count(*)
   from wanted w left join allocations l on l.seat_id = w.seat_id and l.order_id = w.order_id
   where (select count(*) from won) < cardinality($1::uuid[])
     and w.item <> all (array(select item from won))
   group by w.item, w.event_id`,
)

/** Takes seats back from an order: those of `seatIds` that it really has. Repeating it changes nothing. */
export const takeBack = (sql: Sql, orderId: string, seatIds: string[]): Promise<{ id: string }[]> =>
  sql.query<{ id: string }>(takeBackStatement, [orderId, seatIds])

const takeBackStatement = statement(
  'allocation-end',
  `with locked as materialized (
     select s.id from seats s join allocations a on a.seat_id = s.id
     where s.id = any($2::uuid[]) and a.order_id = $1 and not a.is_imported
     order by s.id for update
   ), ended as (
     delete from allocations a using locked l where a.seat_id = l.id
   )
   update seats s set status = 'AVAILABLE', changed_at = now(), version = s.version + 1
   from locked l where s.id = l.id
   returning s.id`,
)
