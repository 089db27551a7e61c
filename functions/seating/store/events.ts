import type { EventData } from '../../../contracts/events.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { isOnSale } from './predicates.ts'

type Snapshot = EventData<'dev.boxoffice.event.updated.v1'>

/** Keeps what catalog says of an event unless something newer is known. True where the seats are still to be made. */
export async function keepEvent(sql: Sql, event: Snapshot): Promise<{ needsSeats: boolean }> {
  const [row] = await sql.query<{ needs_seats: boolean }>(keepStatement, [
    event.eventId,
    event.status,
    event.startsAt,
    event.endsAt,
    event.onSaleAt,
    event.currency,
    event.layoutVersion,
    event.version,
    event.seatsPerBuyerMax,
  ])
  return { needsSeats: row?.needs_seats ?? false }
}

const keepStatement = statement(
  'event-keep',
  `with kept as (
     insert into events (id, status, starts_at, ends_at, on_sale_at, currency, layout_version, version,
       seats_per_buyer_max)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (id) do update set status = excluded.status, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, on_sale_at = excluded.on_sale_at,
       layout_version = excluded.layout_version, version = excluded.version,
       seats_per_buyer_max = excluded.seats_per_buyer_max
     where events.version < excluded.version
     returning seats_total
   )
   select seats_total is null as needs_seats from kept
   union all
   select seats_total is null from events where id = $1 and not exists (select from kept)`,
)

/** Marks the seats of an event as made; false where they were before. */
export async function markSeatsMade(
  sql: Sql,
  eventId: string,
  total: number,
): Promise<number | undefined> {
  const [row] = await sql.query<{ availability_version: number }>(madeStatement, [eventId, total])
  return row?.availability_version
}

const madeStatement = statement(
  'event-made',
  `update events set seats_total = $2, is_sold_out = false, availability_version = availability_version + 1
   where id = $1 and seats_total is null returning availability_version`,
)

/** Undefined where seating has never heard of the event. */
export async function findSale(
  sql: Sql,
  eventId: string,
): Promise<{ is_on_sale: boolean } | undefined> {
  const [row] = await sql.query<{ is_on_sale: boolean }>(saleStatement, [eventId])
  return row
}

const saleStatement = statement(
  'event-sale',
  `select ${isOnSale('e')} as is_on_sale from events e where e.id = $1`,
)

export type Availability = {
  event_id: string
  is_sold_out: boolean
  availability_version: number
  total: number
  unsold: number
}

/** Notes which of the events have sold out, or have seats again, since it was last told; gives those. */
export const noteAvailability = (sql: Sql, eventIds: string[]): Promise<Availability[]> =>
  sql.query<Availability>(availabilityStatement, [eventIds])

const availabilityStatement = statement(
  'event-availability',
  `with counted as (
     select e.id, count(*)::int as total,
       (count(*) filter (where s.status not in ('SOLD', 'BLOCKED')))::int as unsold
     from events e join seats s on s.event_id = e.id
     where e.id = any($1::uuid[])
       -- From the end, for the best are sold first. The statistics of the bare status say after a year that nearly
       -- all seats are sold, and for the few others Postgres would read every seat there is.
       and e.is_sold_out is distinct from ((
         select u.id from seats u where u.event_id = e.id and u.status || '' not in ('SOLD', 'BLOCKED')
         order by u.ordinal desc limit 1) is null)
     group by e.id
   )
   update events e set is_sold_out = (c.unsold = 0), availability_version = availability_version + 1
   from counted c where e.id = c.id and e.is_sold_out is distinct from (c.unsold = 0)
   returning e.id as event_id, e.is_sold_out, e.availability_version, c.total, c.unsold`,
)

/** Events with a sale in the last while: where an instance may have died before it noted their availability. */
export const recentlySold = (sql: Sql, seconds: number) =>
  sql.query<{ event_id: string }>(recentStatement, [seconds])

const recentStatement = statement(
  'events-recently-sold',
  `select distinct event_id from allocations
   where allocated_at > now() - make_interval(secs => $1) and not is_imported`,
)
