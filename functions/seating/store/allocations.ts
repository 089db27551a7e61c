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
  const wanted = requests.flatMap(({ seatIds }, item) =>
    seatIds.map((seatId) => ({ item, seatId })),
  )
  const rows = await sql.query<AllocatedRow>(allocateStatement, [
    requests.map(({ orderId }) => orderId),
    requests.map(({ holdId }) => holdId),
    requests.map(({ eventId }) => eventId),
    wanted.map(({ item }) => item),
    wanted.map(({ seatId }) => seatId),
  ])
  return rows.map(({ is_live, is_sold }) => {
    if (is_sold) return 'allocated'
    return is_live ? 'lost' : 'cancelled'
  })
}

/** The planted bug sells without looking; the tests that plant it take the unique key away too. */
const mayBeSold = isPlanted('allocations-without-index')
  ? 'true'
  : `(${isFree('s')} or (s.status = 'HELD' and s.hold_id = a.hold_id))`

const allocateStatement = statement(
  'allocate',
  `with asked as (
     select (item - 1)::int as item, order_id, hold_id, event_id
     from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality
       as a (order_id, hold_id, event_id, item)
   ), wanted as (
     select item, seat_id from unnest($4::int[], $5::uuid[]) as w (item, seat_id)
   ), live as (
     select a.item from asked a join events e on e.id = a.event_id where e.status <> 'CANCELLED'
   ), had as (
     select w.item from wanted w join asked a using (item)
       join allocations l on l.seat_id = w.seat_id and l.order_id = a.order_id
   ), held as materialized (
     select h.id, h.status from holds h where h.id = any($2::uuid[]) order by h.id for update
   ), free as materialized (
     -- first the holds, then the seats, as whoever ends a hold does: so two never wait for each other in a circle
     select s.id, w.item from seats s join wanted w on w.seat_id = s.id join asked a using (item)
     where s.event_id = a.event_id
       and ${mayBeSold}
       and (select count(*) from held) >= 0
     order by s.id for update of s
   ), won as (
     select a.* from asked a join live using (item)
     where (select count(*) from free f where f.item = a.item)
         = (select count(*) from wanted w where w.item = a.item)
       -- given up by the end of its order, which this may come after
       and not exists (select from held h where h.id = a.hold_id and h.status = 'RELEASED')
   ), sold as (
     update seats s set status = 'SOLD', hold_id = null, held_until = null, changed_at = now(),
       version = s.version + 1
     from free f join won w using (item) where s.id = f.id
     returning s.id, s.event_id, w.order_id
   ), written as (
     insert into allocations (seat_id, event_id, order_id) select id, event_id, order_id from sold
   ), used as (
     update holds h set status = 'ALLOCATED' from won w where h.id = w.hold_id
   )
   select a.item, live.item is not null as is_live,
     won.item is not null or (select count(*) from had h where h.item = a.item)
       = (select count(*) from wanted w where w.item = a.item) as is_sold
   from asked a left join live using (item) left join won using (item)
   order by a.item`,
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
