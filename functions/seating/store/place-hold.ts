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
  place: number
  outcome: Placed['outcome']
  is_free: boolean
  status: string | null
  expires_at: Date
  currency: string
}

async function placeHolds(sql: Sql, requests: HoldRequest[]): Promise<Placed[]> {
  const wanted = requests.flatMap(({ seatIds }, i) =>
    seatIds.map((seatId) => ({ item: i + 1, seatId })),
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
    requests.map(({ seatIds }) => seatIds.length),
  ])
  const own = Map.groupBy(rows, ({ item }) => item)
  return requests.map((_, i) => resultOf(own.get(i + 1) ?? []))
}

function resultOf(rows: PlacedRow[]): Placed {
  const seats = rows.toSorted((a, b) => a.place - b.place)
  const [first] = seats
  if (!first) throw new Error('a hold names no seat')
  const { outcome, expires_at: expiresAt, currency } = first
  if (outcome === 'held') return { outcome, expiresAt, currency, seats }
  if (outcome !== 'taken') return { outcome }
  const taken = seats.filter(({ is_free }) => !is_free)
  return {
    outcome,
    seats: taken.map(({ id, label, status }) => ({ id, label, reason: reasonOf(status) })),
  }
}

/** A seat that looked free and was not had is being taken at this moment. */
const reasonOf = (status: string | null) =>
  status === null ? 'UNKNOWN' : status === 'AVAILABLE' ? 'HELD' : status

/** The planted bug lets whoever has the keys in Redis have the seats. */
const mayBeHad = isPlanted('redis-decides') ? 'true' : isFree('s')

/**
 * Items are counted from 1, as arrays are, so that what belongs to one is looked up there: rows that stand in no table
 * are joined by comparing each with each. A plan may be made while the tables are young, and be kept: `offset 0` has
 * each event looked up, and `is true` keeps the event of a seat from being the way to it, past all others of the event.
 */
const placeStatement = statement(
  'hold-place',
  `with wanted as (
     select item, place::int as place, seat_id, ($2::uuid[])[item] as event_id
     from unnest($6::int[], $7::uuid[]) with ordinality as w (item, seat_id, place)
   ), free as materialized (
     select w.item, w.place, s.id, s.label, s.section, s."row", s.number, e.currency,
       ${priceOf('s', 'e')} as price_minor, least(($8::int[])[w.item], e.seats_per_buyer_max) as seats_max
     from wanted w
       cross join lateral (
         select * from events o where o.id = w.event_id and ${isOnSale('o')} offset 0) e
       join seats s on s.id = w.seat_id and (s.event_id = w.event_id) is true
     where ${mayBeHad}
     order by s.id for update of s
   ), able as (
     select item, ($1::uuid[])[item] as hold_id, ($2::uuid[])[item] as event_id,
       ($3::uuid[])[item] as buyer_id, now() + make_interval(secs => ($5::int[])[item]) as expires_at,
       array_agg(id order by place) as seat_ids, array_agg(price_minor order by place) as prices_minor,
       min(seats_max) as seats_max
     from free group by item
     having count(*) = ($9::int[])[item]
       and ($1::uuid[])[item] <> all (array(select h.id from holds h where h.id = any($1::uuid[])))
   ), allowed as (
     insert into buyers as b (event_id, buyer_id, hold_ids)
     select event_id, buyer_id, array_fill(hold_id, array[cardinality(seat_ids)]) from able
     where cardinality(seat_ids) <= seats_max order by event_id, buyer_id
     on conflict (event_id, buyer_id) do update
       set hold_ids = ${mayCountLater('b.hold_ids')} || excluded.hold_ids
     where ${liveSeats('b.hold_ids')} + cardinality(excluded.hold_ids) <= least(
       ($8::int[])[array_position($1::uuid[], excluded.hold_ids[1])],
       (select e.seats_per_buyer_max from events e where e.id = excluded.event_id))
     returning b.hold_ids[cardinality(b.hold_ids)] as hold_id
   ), won as (
     select * from able where hold_id = any(array(select hold_id from allowed))
   ), taken as (
     update seats s
     set status = 'HELD', hold_id = w.hold_id, held_until = w.expires_at, changed_at = now(),
       version = s.version + 1
     from won w cross join lateral unnest(w.seat_ids) as x (id) where s.id = x.id
   ), kept as (
     insert into holds (id, event_id, buyer_id, order_id, seat_ids, prices_minor, expires_at)
     select hold_id, event_id, buyer_id, ($4::uuid[])[item], seat_ids, prices_minor, expires_at
     from won
   )
   select item, place, 'held' as outcome, id, label, section, "row", number, price_minor,
     true as is_free, null as status, now() + make_interval(secs => ($5::int[])[item]) as expires_at,
     currency
   from free where item = any(array(select item from won))
   union all
   select w.item, w.place,
     case when w.event_id <> all (array(
       select e.id from events e where e.id = any($2::uuid[]) and ${isOnSale('e')})) then 'closed'
       when w.item = any(array(select item from able)) then 'limited' else 'taken' end,
     w.seat_id, s.label, null, null, null, null, w.place = any(array(select place from free)),
     s.status, null, null
   from wanted w
     left join seats s on s.id = w.seat_id and (s.event_id = w.event_id) is true
   where (select count(*) from won) < cardinality($1::uuid[])
     and w.item <> all (array(select item from won))`,
)
