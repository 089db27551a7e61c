import type { EventData } from '../../../contracts/events.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

type Snapshot = EventData<'dev.boxoffice.event.updated.v1'>

/** Keeps what catalog says of an event, unless something newer is known. */
export async function keepEvent(sql: Sql, event: Snapshot): Promise<void> {
  await sql.query(keepStatement, [
    event.eventId,
    event.organizerId,
    event.status,
    event.onSaleAt,
    event.endsAt,
    event.version,
  ])
}

const keepStatement = statement(
  'event-keep',
  `insert into events (id, organizer_id, status, on_sale_at, ends_at, version)
   values ($1, $2, $3, $4, $5, $6)
   on conflict (id) do update set organizer_id = excluded.organizer_id, status = excluded.status,
     on_sale_at = excluded.on_sale_at, ends_at = excluded.ends_at, version = excluded.version
   where events.version < excluded.version`,
)

/** Undefined where the waiting room has never heard of the event. */
export async function findOrganizer(
  sql: Sql,
  eventId: string,
): Promise<{ organizer_id: string | null } | undefined> {
  const [row] = await sql.query<{ organizer_id: string | null }>(organizerStatement, [eventId])
  return row
}

const organizerStatement = statement(
  'event-organizer',
  `select organizer_id from events where id = $1`,
)
