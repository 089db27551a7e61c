import type { Layout } from '../../../contracts/layouts.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { eventColumns, type EventRow } from './events.ts'
import { announcedStatus, statusOf } from './predicates.ts'

/**
 * Makes a draft an announced event, with the layout that its venue has now. Nothing changes where it is no
 * draft any more, would start in the past, or has a zone without a price or no seat at all.
 */
export async function publishDraft(
  sql: Sql,
  id: string,
  ownerId: string | null,
): Promise<EventRow | undefined> {
  const [row] = await sql.query<EventRow>(publishStatement, [id, ownerId])
  return row
}

const publishStatement = statement(
  'event-publish',
  `update events e set status = ${announcedStatus('e.on_sale_at')}, layout = v.layout,
     layout_version = v.layout_version, version = e.version + 1
   from venues v
   where e.id = $1 and v.id = e.venue_id and ($2::uuid is null or e.organizer_id = $2)
     and e.status = 'DRAFT' and e.starts_at > now() and v.layout -> 'sections' <> '[]'
     and not exists (
       select from jsonb_array_elements(v.layout -> 'sections') section
       where not e.prices ? (section ->> 'priceZone'))
   returning ${eventColumns('e')}`,
)

export type Readiness = { layout: Layout; prices: Record<string, number>; is_ahead: boolean }

/** What decides whether a draft can be published. */
export async function findReadiness(sql: Sql, id: string): Promise<Readiness | undefined> {
  const [row] = await sql.query<Readiness>(readinessStatement, [id])
  return row
}

const readinessStatement = statement(
  'event-readiness',
  `select v.layout, e.prices, e.starts_at > now() as is_ahead
   from events e join venues v on v.id = e.venue_id where e.id = $1`,
)

/** Cancels an announced event that is not over; undefined where it is something else by now. */
export async function cancelAnnounced(
  sql: Sql,
  id: string,
  ownerId: string | null,
): Promise<EventRow | undefined> {
  const [row] = await sql.query<EventRow>(cancelStatement, [id, ownerId])
  return row
}

const cancelStatement = statement(
  'event-cancel',
  `update events e set status = 'CANCELLED', version = e.version + 1
   where e.id = $1 and ($2::uuid is null or e.organizer_id = $2)
     and ${statusOf('e')} not in ('DRAFT', 'COMPLETED', 'CANCELLED')
   returning ${eventColumns('e')}`,
)

export type PublishedLayout = {
  layout: Layout
  layout_version: number
  prices: Record<string, number>
}

/** What the event was published with; undefined for a draft. */
export async function findLayout(sql: Sql, id: string): Promise<PublishedLayout | undefined> {
  const [row] = await sql.query<PublishedLayout>(layoutStatement, [id])
  return row
}

const layoutStatement = statement(
  'event-layout',
  `select layout, layout_version, prices from events where id = $1 and layout is not null`,
)
