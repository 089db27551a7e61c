import type { EventData } from '../../contracts/events.ts'
import { statement, type Database, type Sql } from '../_runtime/database.ts'
import { keepEvent } from './store/events.ts'

/** The row of a data set as it came, and what is odd about it. */
type Imported = { row: Record<string, string>; flags: string[] }

export type ImportedSeat = {
  id: string
  eventId: string
  label: string
  section: string
  row: string
  number: number
  priceMinor: number
  status: 'AVAILABLE' | 'SOLD' | 'BLOCKED'
  imported: Imported
}

/** A seat that an order of a data set has. */
export type ImportedSale = { seatId: string; eventId: string; orderId: string; soldAt: string }

/**
 * Keeps what catalog says of events, as the reactions to its CloudEvents do; makes no seats. What is known of an event
 * already came from those: it stays.
 */
export async function importEvents(
  sql: Sql,
  events: EventData<'dev.boxoffice.event.updated.v1'>[],
): Promise<void> {
  const rows = await sql.query<{ id: string }>(eventsStatement, [
    events.map(({ eventId }) => eventId),
  ])
  const known = new Set(rows.map(({ id }) => id))
  for (const event of events) if (!known.has(event.eventId)) await keepEvent(sql, event)
}

const eventsStatement = statement(
  'import-events-known',
  'select id from events where id = any($1::uuid[])',
)

/**
 * Writes the seats that are not there yet, best first within each event, with what is sold of them, so that
 * no buyer sees a sold seat free. Gives the seats of `sales` that somebody has by now, and who: a seat that
 * was there before goes to whoever had it first.
 */
export const importSeats = (
  database: Database,
  eventIds: string[],
  seats: ImportedSeat[],
  sales: ImportedSale[],
): Promise<{ seat_id: string; order_id: string }[]> =>
  database.transaction(async (tx) => {
    for (let start = 0; start < seats.length; start += chunkSeats)
      await insertSeats(tx, seats.slice(start, start + chunkSeats))
    const seatIds = sales.map(({ seatId }) => seatId)
    await tx.query(salesStatement, [
      seatIds,
      sales.map(({ eventId }) => eventId),
      sales.map(({ orderId }) => orderId),
      sales.map(({ soldAt }) => soldAt),
    ])
    await tx.query(totalsStatement, [eventIds])
    return tx.query<{ seat_id: string; order_id: string }>(allocationsStatement, [seatIds])
  })

/** A statement may take 2 s. */
const chunkSeats = 5000

const insertSeats = (tx: Sql, seats: ImportedSeat[]) =>
  tx.query(insertStatement, [
    seats.map(({ id }) => id),
    seats.map(({ eventId }) => eventId),
    seats.map(({ label }) => label),
    seats.map(({ section }) => section),
    seats.map(({ row }) => row),
    seats.map(({ number }) => number),
    seats.map(({ priceMinor }) => priceMinor),
    seats.map(({ status }) => status),
    seats.map(({ imported }) => JSON.stringify({ ...imported, version: 0 })),
  ])

/** Places go on after those that the event has. */
const insertStatement = statement(
  'import-seats',
  `with asked as (
     select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[],
       $7::bigint[], $8::text[], $9::jsonb[]) with ordinality
       as a (id, event_id, label, section, "row", number, price_minor, status, imported, rank)
   ), filled as (
     select e.id, coalesce(max(s.ordinal) + 1, 0) as places
     from events e left join seats s on s.event_id = e.id
     where e.id in (select event_id from asked) group by e.id
   )
   insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor, status,
     imported)
   select a.id, a.event_id, f.places + row_number() over (partition by a.event_id order by a.rank) - 1,
     a.label, a.section, a."row", a.number, a.price_minor, a.status, a.imported
   from asked a join filled f on f.id = a.event_id
   on conflict (id) do nothing`,
)

/**
 * A seat that was here before an order of the data set came for it is sold now, if it is free. The time of an
 * imported sale is never recent: a recent one would count as this event's first.
 */
const salesStatement = statement(
  'import-sales',
  `with asked as (
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
       as a (seat_id, event_id, order_id, sold_at)
   ), locked as materialized (
     select s.id, s.status from seats s join asked a on a.seat_id = s.id
     where s.status in ('AVAILABLE', 'SOLD') order by s.id for update of s
   ), sold as (
     update seats s set status = 'SOLD', changed_at = now(), version = s.version + 1
     from locked l where s.id = l.id and l.status = 'AVAILABLE'
   )
   insert into allocations (seat_id, event_id, order_id, is_imported, allocated_at)
   select a.seat_id, a.event_id, a.order_id, true, least(a.sold_at, now() - interval '1 day')
   from asked a join locked l on l.id = a.seat_id
   on conflict do nothing`,
)

/** Unlike seats made from a layout, nothing is told of these yet: the first sale has to be news to catalog. */
const totalsStatement = statement(
  'import-seats-total',
  `update events e set seats_total = c.total, availability_version = availability_version + 1
   from (
     select a.id, count(s.id)::int as total
     from unnest($1::uuid[]) as a (id) left join seats s on s.event_id = a.id group by a.id
   ) c
   where e.id = c.id and e.seats_total is distinct from c.total`,
)

const allocationsStatement = statement(
  'import-allocations',
  `select seat_id, order_id from allocations where seat_id = any($1::uuid[])`,
)

export type KnownSeat = {
  id: string
  imported: Imported
  label: string
  /** Who has it. */
  order_id: string | null
}

/** What the seats among these ids came from, and who has them. */
export const findImportedSeats = (sql: Sql, ids: string[]): Promise<KnownSeat[]> =>
  sql.query<KnownSeat>(knownStatement, [ids])

const knownStatement = statement(
  'import-seats-known',
  `select s.id, s.imported, s.label, a.order_id
   from seats s left join allocations a on a.seat_id = s.id
   where s.id = any($1::uuid[]) and s.imported is not null`,
)

/** How many seats the events have, for catalog; not of events whose sales it was told of. */
export const countSeats = (
  sql: Sql,
  eventIds: string[],
): Promise<{ eventId: string; version: number; total: number }[]> =>
  sql.query<{ eventId: string; version: number; total: number }>(countsStatement, [eventIds])

const countsStatement = statement(
  'import-seats-counted',
  `select id as "eventId", availability_version as version, seats_total as total from events
   where id = any($1::uuid[]) and seats_total is not null and is_sold_out is null order by id`,
)
