import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import type { HeldSeatRow } from './holds.ts'
import { isPlanted } from '../../_runtime/planted.ts'
import { liveSeats, mayCountLater } from './buyers.ts'
import { isFree, isOnSale, priceOf } from './predicates.ts'

/** A hold to be placed. `id` names it for ever: placing it again meets the same hold. */
export type HoldRequest = {
  id: string
  eventId: string
  buyerId: string
  orderId: string | null
  seatIds: string[]
  seconds: number
  /** Seats of the event that one buyer may have, where the event does not say fewer. */
  seatsPerBuyerMax: number
}

/** What became of a hold: placed; or refused, with the state that each seat was seen in. */
export type Placed =
  | { outcome: 'held'; expiresAt: Date; currency: string; seats: HeldSeatRow[] }
  | { outcome: 'closed' }
  | { outcome: 'limited' }
  | { outcome: 'taken'; seats: { id: string; label: string | null; reason: string }[] }

/**
 * Takes all seats of a hold or none, in one statement, together with the holds that other requests want at
 * the same moment. Rows are locked in the order of their ids, here and wherever seats are locked, so that
 * two statements can wait for each other but never in a circle. A seat that another statement is just taking
 * makes this one wait, look again, and find it taken.
 *
 * What a buyer may have is judged in the row of `buyers`, which is locked last: of two holds of one buyer the
 * second sees what the first has put there, though its snapshot does not show that hold yet.
 */
export const createPlaceHold = (sql: Sql) =>
  merged((requests: HoldRequest[]) => placeHolds(sql, requests), {
    // Two holds for one seat in one statement would each see it free; two of one buyer, his row as it was.
    keys: ({ id, eventId, buyerId, seatIds }) => [id, `${eventId} ${buyerId}`, ...seatIds],
    mayRetry: wasRolledBack,
  })

type PlacedRow = HeldSeatRow & {
  item: number
  is_held: boolean
  is_open: boolean
  is_free: boolean
  is_able: boolean
  status: string | null
  expires_at: Date
  currency: string
}

async function placeHolds(sql: Sql, requests: HoldRequest[]): Promise<Placed[]> {
  const wanted = requests.flatMap(({ seatIds }, item) =>
    seatIds.map((seatId) => ({ item, seatId })),
  )
  const rows = await sql.query<PlacedRow>(placeStatement, [
    requests.map(({ id }) => id),
    requests.map(({ eventId }) => eventId),
    requests.map(({ buyerId }) => buyerId),
    requests.map(({ orderId }) => orderId),
    requests.map(({ seconds }) => seconds),
    wanted.map(({ item }) => item),
    wanted.map(({ seatId }) => seatId),
    requests.map(({ seatsPerBuyerMax }) => seatsPerBuyerMax),
  ])
  return Array.from(Map.groupBy(rows, ({ item }) => item))
    .toSorted(([a], [b]) => a - b)
    .map(([, own]) => resultOf(own))
}

function resultOf(rows: PlacedRow[]): Placed {
  const [first] = rows
  if (!first) throw new Error('a hold names no seat')
  if (first.is_held)
    return { outcome: 'held', expiresAt: first.expires_at, currency: first.currency, seats: rows }
  if (!first.is_open) return { outcome: 'closed' }
  if (first.is_able) return { outcome: 'limited' }
  const taken = rows.filter(({ is_free }) => !is_free)
  return {
    outcome: 'taken',
    seats: taken.map(({ id, label, status }) => ({ id, label, reason: reasonOf(status) })),
  }
}

/** A seat that looked free and was not had is being taken at this moment. */
const reasonOf = (status: string | null) =>
  status === null ? 'UNKNOWN' : status === 'AVAILABLE' ? 'HELD' : status

/** The planted bug lets whoever has the keys in Redis have the seats. */
const mayBeHad = isPlanted('redis-decides') ? 'true' : isFree('s')

const placeStatement = statement(
  'hold-place',
  `with asked as (
     select (item - 1)::int as item, hold_id, event_id, buyer_id, order_id, seconds, seats_max
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $8::int[])
       with ordinality as a (hold_id, event_id, buyer_id, order_id, seconds, seats_max, item)
   ), wanted as (
     select item, seat_id, place
     from unnest($6::int[], $7::uuid[]) with ordinality as w (item, seat_id, place)
   ), open as (
     select a.item, e.currency, e.price_factor, least(a.seats_max, e.seats_per_buyer_max) as seats_max
     from asked a join events e on e.id = a.event_id where ${isOnSale('e')}
   ), free as materialized (
     select s.id, s.event_id, s.price_minor from seats s
     where s.id = any($7::uuid[]) and ${mayBeHad}
     order by s.id for update of s
   ), got as (
     select w.item, w.seat_id, w.place, ${priceOf('f', 'o')} as price_minor
     from wanted w join asked a using (item) join open o using (item)
       join free f on f.id = w.seat_id and f.event_id = a.event_id
   ), able as (
     select a.item, a.hold_id, a.event_id, a.buyer_id, a.order_id, o.seats_max, g.seats,
       now() + make_interval(secs => a.seconds) as expires_at
     from asked a join open o using (item)
       join (select item, count(*)::int as seats from got group by item) g using (item)
     where g.seats = (select count(*) from wanted w where w.item = a.item)
       and not exists (select from holds h where h.id = a.hold_id)
   ), allowed as (
     insert into buyers as b (event_id, buyer_id, hold_ids)
     select event_id, buyer_id, array_fill(hold_id, array[seats]) from able
     where seats <= seats_max order by event_id, buyer_id
     on conflict (event_id, buyer_id) do update
       set hold_ids = ${mayCountLater('b.hold_ids')} || excluded.hold_ids
     where ${liveSeats('b.hold_ids')} + cardinality(excluded.hold_ids)
       <= (select seats_max from able a where a.hold_id = excluded.hold_ids[1])
     returning b.event_id, b.buyer_id
   ), won as (
     select a.* from able a join allowed using (event_id, buyer_id)
   ), taken as (
     update seats s
     set status = 'HELD', hold_id = w.hold_id, held_until = w.expires_at, changed_at = now(),
       version = s.version + 1
     from got g join won w using (item) where s.id = g.seat_id
   ), kept as (
     insert into holds (id, event_id, buyer_id, order_id, seat_ids, prices_minor, expires_at)
     select w.hold_id, w.event_id, w.buyer_id, w.order_id,
       array(select g.seat_id from got g where g.item = w.item order by g.place),
       array(select g.price_minor from got g where g.item = w.item order by g.place),
       w.expires_at
     from won w
   )
   select w.item, w.seat_id as id, s.label, s.section, s."row", s.number, g.price_minor, s.status,
     won.item is not null as is_held, o.item is not null as is_open, g.item is not null as is_free,
     able.item is not null as is_able,
     won.expires_at, o.currency
   from wanted w
     left join asked a using (item)
     left join open o using (item)
     left join able using (item)
     left join won using (item)
     left join got g on g.item = w.item and g.seat_id = w.seat_id
     left join seats s on s.id = w.seat_id and s.event_id = a.event_id
   order by w.place`,
)
