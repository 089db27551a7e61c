import type { EventData } from '../../../contracts/events.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

type Snapshot = EventData<'dev.boxoffice.event.updated.v1'>

/** Keeps what catalog says of an event, unless something newer is known. */
export async function keepEvent(sql: Sql, event: Snapshot): Promise<void> {
  await sql.query(keepStatement, [
    event.eventId,
    event.title,
    event.venueName,
    event.city,
    event.startsAt,
    event.endsAt,
    event.version,
  ])
}

const keepStatement = statement(
  'event-keep',
  `insert into events (id, title, venue_name, city, starts_at, ends_at, version)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (id) do update set title = excluded.title, venue_name = excluded.venue_name,
     city = excluded.city, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
     version = excluded.version
   where events.version < excluded.version`,
)
