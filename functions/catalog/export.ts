import { statement, type Sql } from '../_runtime/database.ts'
import { statusOf } from './store/predicates.ts'

type Exported = {
  id: string
  externalId: string | null
  /** As it came, while nothing has changed since. */
  row: Record<string, string> | null
  createdAt: Date
}

export type ExportedVenue = Exported & { name: string; city: string; capacity: number }

export type ExportedEvent = Exported & {
  venueId: string
  title: string
  type: string
  /** As it was before an import moved it. */
  startsAt: Date
  /** The cheapest, in minor units. */
  basePriceMinor: string
  status: string
}

const pageRows = 2000

/** Venues, a page in the order of ids. */
export const readVenues = (sql: Sql, after: string | null): Promise<ExportedVenue[]> =>
  sql.query<ExportedVenue>(venuesStatement, [after, pageRows])

const origin = `external_id as "externalId", created_at as "createdAt",
  case when (imported ->> 'version')::int = version then imported -> 'row' end as row`

const venuesStatement = statement(
  'export-venues',
  `select id, ${origin}, name, city, capacity
   from venues where $1::uuid is null or id > $1 order by id limit $2`,
)

/** Events that were announced, with the status that everybody sees, a page in the order of ids. */
export const readEvents = (sql: Sql, after: string | null): Promise<ExportedEvent[]> =>
  sql.query<ExportedEvent>(eventsStatement, [after, pageRows])

const eventsStatement = statement(
  'export-events',
  `select id, ${origin}, venue_id as "venueId", title, type,
     starts_at - shift_seconds * interval '1 s' as "startsAt", ${statusOf('e')} as status,
     coalesce((select min(price::bigint) from jsonb_each_text(prices) as p (zone, price)), 0)
       as "basePriceMinor"
   from events e where status <> 'DRAFT' and ($1::uuid is null or id > $1) order by id limit $2`,
)
