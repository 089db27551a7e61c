import type { EventData } from '../../contracts/events.ts'
import { statement, type Sql } from '../_runtime/database.ts'
import { keepEvent } from './store/events.ts'

/** The row of a data set as it came, and what is odd about it. */
type Imported = { row: Record<string, string>; flags: string[] }

/** A ticket of a data set. It is history: no event of its order touches it. */
export type ImportedTicket = {
  id: string
  externalId: string
  orderId: string
  eventId: string
  seatId: string
  holderId: string
  label: string
  status: 'ACTIVE' | 'CANCELLED'
  issuedAt: string
  imported: Imported
}

/**
 * Keeps what catalog says of events, as the reactions to its CloudEvents do. What is known of an event
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

/** Writes the tickets that are not there yet and tells nobody. */
export const importTickets = (sql: Sql, tickets: ImportedTicket[]): Promise<unknown> =>
  sql.query(insertStatement, [
    tickets.map(({ id }) => id),
    tickets.map(({ externalId }) => externalId),
    tickets.map(({ orderId }) => orderId),
    tickets.map(({ eventId }) => eventId),
    tickets.map(({ seatId }) => seatId),
    tickets.map(({ holderId }) => holderId),
    tickets.map(({ label }) => label),
    tickets.map(({ status }) => status),
    tickets.map(({ issuedAt }) => issuedAt),
    tickets.map(({ imported }) => JSON.stringify({ ...imported, version: 1 })),
  ])

const insertStatement = statement(
  'import-tickets',
  `insert into tickets (id, external_id, order_id, event_id, seat_id, holder_id, label, status,
     issued_at, is_imported, imported)
   select id, external_id, order_id, event_id, seat_id, holder_id, label, status, issued_at, true,
     imported
   from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
     $8::text[], $9::timestamptz[], $10::jsonb[])
     as a (id, external_id, order_id, event_id, seat_id, holder_id, label, status, issued_at, imported)
   on conflict (id) do nothing`,
)

/** What the tickets among these ids came from. */
export const findImportedTickets = (
  sql: Sql,
  ids: string[],
): Promise<{ id: string; imported: Imported }[]> =>
  sql.query<{ id: string; imported: Imported }>(knownStatement, [ids])

const knownStatement = statement(
  'import-tickets-known',
  `select id, imported from tickets where id = any($1::uuid[]) and is_imported`,
)
