import { statement, type Database, type Sql } from '../_runtime/database.ts'
import { snapshotOf, type EventSnapshot } from './snapshots.ts'
import { keepAvailability, type SeatCount } from './store/availability.ts'
import { eventColumns, type EventRow } from './store/events.ts'

/** The row of a data set as it came, and what is odd about it. */
type Imported = { row: Record<string, string>; flags: string[] }

/** A venue of a data set: it belongs to no organizer and has no layout, only a number of seats. */
export type ImportedVenue = {
  id: string
  externalId: string
  name: string
  city: string
  capacity: number
  imported: Imported
}

/** An event of a data set. Its status stands until its first sale. */
export type ImportedEvent = {
  id: string
  externalId: string
  venueId: string
  title: string
  type: string
  status: string
  startsAt: string
  endsAt: string
  currency: string
  prices: Record<string, number>
  /** By how much its times were moved. */
  shiftSeconds: number
  imported: Imported
}

/** Writes the venues that are not there yet. */
export const importVenues = (sql: Sql, venues: ImportedVenue[]): Promise<unknown> =>
  sql.query(venuesStatement, [
    venues.map(({ id }) => id),
    venues.map(({ externalId }) => externalId),
    venues.map(({ name }) => name),
    venues.map(({ city }) => city),
    venues.map(({ capacity }) => capacity),
    venues.map(({ imported }) => JSON.stringify({ ...imported, version: 1 })),
  ])

const venuesStatement = statement(
  'import-venues',
  `insert into venues (id, external_id, name, city, capacity, layout, imported)
   select id, external_id, name, city, capacity, '{"sections": []}', imported
   from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[])
     as a (id, external_id, name, city, capacity, imported)
   on conflict (id) do nothing`,
)

/** Writes the events that are not there yet. Locks their venues as every statement that copies a venue's name. */
export const importEvents = (sql: Sql, events: ImportedEvent[]): Promise<unknown> =>
  sql.query(eventsStatement, [
    events.map(({ id }) => id),
    events.map(({ externalId }) => externalId),
    events.map(({ venueId }) => venueId),
    events.map(({ title }) => title),
    events.map(({ type }) => type),
    events.map(({ status }) => status),
    events.map(({ startsAt }) => startsAt),
    events.map(({ endsAt }) => endsAt),
    events.map(({ currency }) => currency),
    events.map(({ prices }) => JSON.stringify(prices)),
    events.map(({ shiftSeconds }) => shiftSeconds),
    events.map(({ imported }) => JSON.stringify({ ...imported, version: 1 })),
  ])

const eventsStatement = statement(
  'import-events',
  `with asked as (
     select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[],
       $7::timestamptz[], $8::timestamptz[], $9::text[], $10::jsonb[], $11::bigint[], $12::jsonb[])
       as a (id, external_id, venue_id, title, type, status, starts_at, ends_at, currency, prices,
         shift_seconds, imported)
   ), venue as materialized (
     select id, name, city, layout_version from venues
     where id in (select venue_id from asked) order by id for share
   )
   insert into events (id, external_id, venue_id, venue_name, city, layout_version, title, type,
     status, is_status_pinned, starts_at, ends_at, currency, prices, shift_seconds, imported)
   select a.id, a.external_id, v.id, v.name, v.city, v.layout_version, a.title, a.type, a.status,
     true, a.starts_at, a.ends_at, a.currency, a.prices, a.shift_seconds, a.imported
   from asked a join venue v on v.id = a.venue_id
   on conflict (id) do nothing`,
)

type Known = { id: string; imported: Imported }

/** What the venues among these ids came from. */
export const findImportedVenues = (sql: Sql, ids: string[]): Promise<Known[]> =>
  sql.query<Known>(knownVenuesStatement, [ids])

const knownVenuesStatement = statement(
  'import-venues-known',
  `select id, imported from venues where id = any($1::uuid[]) and imported is not null`,
)

/** What the events among these ids came from, and by how many seconds their times were moved. */
export const findImportedEvents = (
  sql: Sql,
  ids: string[],
): Promise<(Known & { shift_seconds: string })[]> =>
  sql.query<Known & { shift_seconds: string }>(knownEventsStatement, [ids])

const knownEventsStatement = statement(
  'import-events-known',
  `select id, imported, shift_seconds from events
   where id = any($1::uuid[]) and imported is not null`,
)

/** The events as other functions keep them. */
export async function snapshotsOf(sql: Sql, ids: string[]): Promise<EventSnapshot[]> {
  const rows = await sql.query<EventRow>(snapshotsStatement, [ids])
  return rows.map(snapshotOf)
}

const snapshotsStatement = statement(
  'import-snapshots',
  `select ${eventColumns('e')} from events e where e.id = any($1::uuid[]) order by e.id`,
)

/**
 * Keeps how many seats the events have, as the reaction to `seats.generated` does. That makes a new version
 * of an event, and no change of what was imported: an event that nobody had changed stays unchanged.
 */
export const noteSeats = (database: Database, counts: SeatCount[]): Promise<void> =>
  database.transaction(async (tx) => {
    const behind = await tx.query<{ id: string; is_unchanged: boolean }>(behindStatement, [
      counts.map(({ eventId }) => eventId),
      counts.map(({ version }) => version),
    ])
    for (const count of counts)
      if (behind.some(({ id }) => id === count.eventId))
        await keepAvailability(tx, count, false, false)
    const unchanged = behind.filter((event) => event.is_unchanged).map(({ id }) => id)
    await tx.query(asImportedStatement, [unchanged])
  })

const behindStatement = statement(
  'import-seats-behind',
  `select e.id, coalesce((e.imported ->> 'version')::int = e.version, false) as is_unchanged
   from events e join unnest($1::uuid[], $2::int[]) as a (id, version) using (id)
   where e.availability_version < a.version order by e.id for update of e`,
)

const asImportedStatement = statement(
  'import-events-version',
  `update events set imported = jsonb_set(imported, '{version}', to_jsonb(version))
   where id = any($1::uuid[])`,
)
