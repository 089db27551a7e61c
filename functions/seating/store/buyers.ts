import { statement, type Sql } from '../../_runtime/database.ts'

/**
 * Which seats of an event a buyer has. His row names the hold of each, once a seat; whether one still counts is
 * looked up at each use, so that nothing has to be counted down: a hold that ran out or was given up, and seats
 * that were refunded, count no more at that moment. A hold that this statement's snapshot does not show was placed
 * a moment ago and counts.
 */
const seatsByHold = (holdIds: string): string =>
  `(select x.id, count(*)::int as seats from unnest(${holdIds}) as x (id) group by x.id) u`

const held = `(h.id is null or (h.status = 'ACTIVE' and h.expires_at > now()))`
const bought = `(
  select count(*)::int from allocations l where l.seat_id = any(h.seat_ids) and l.order_id = h.order_id)`

/** How many seats of the holds count at the moment: held, or bought and not given back. */
export const liveSeats = (holdIds: string): string => `(cardinality(${holdIds}) - (
  select coalesce(sum(cardinality(array_positions(${holdIds}, h.id)) - ${bought}), 0)
  from holds h where h.id = any(${holdIds}) and not ${held}))`

/** Without the holds that never count again. One that ran out may still be paid late, for a while. */
export const mayCountLater = (holdIds: string): string => `array(
  select x.id from unnest(${holdIds}) as x (id) where x.id <> all (array(
    select h.id from holds h where h.id = any(${holdIds}) and h.status <> 'ALLOCATED'
      and (h.status = 'RELEASED' or h.expires_at <= now() - interval '1 hour'))))`

export type BuyersSeats = { held: number; bought: number; limit: number }

/** What a buyer has of an event, and how much of it anybody may have. */
export async function findBuyersSeats(
  sql: Sql,
  eventId: string,
  buyerId: string,
  seatsMax: number,
): Promise<BuyersSeats> {
  const [row] = await sql.query<BuyersSeats>(findStatement, [eventId, buyerId, seatsMax])
  return row ?? { held: 0, bought: 0, limit: seatsMax }
}

const findStatement = statement(
  'buyer-seats',
  `select least($3::int, e.seats_per_buyer_max) as limit,
     coalesce(sum(case when ${held} then u.seats end), 0)::int as held,
     coalesce(sum(case when not ${held} then ${bought} end), 0)::int as bought
   from events e left join buyers b on b.event_id = e.id and b.buyer_id = $2
     left join lateral ${seatsByHold('b.hold_ids')} on true
     left join holds h on h.id = u.id
   where e.id = $1 group by e.id`,
)
