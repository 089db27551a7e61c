import type { EventStatus } from '../../../contracts/catalog.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { announcedStatus, statusOf } from './predicates.ts'

export type EventRow = {
  id: string
  title: string
  type: string
  description: string
  venue_id: string
  venue_name: string
  city: string
  organizer_id: string | null
  /** As everybody sees it. */
  status: EventStatus
  starts_at: Date
  ends_at: Date
  on_sale_at: Date | null
  currency: string
  prices: Record<string, number>
  seats_per_buyer_max: number | null
  /** Null for a draft. */
  layout_version: number | null
  seats_generated: number | null
  external_id: string | null
  created_at: Date
  version: number
}

/** An `EventRow` of the table that is called `event` in the statement. */
export const eventColumns = (event: string): string =>
  `${event}.id, ${event}.title, ${event}.type, ${event}.description, ${event}.venue_id,
   ${event}.venue_name, ${event}.city, ${event}.organizer_id, ${statusOf(event)} as status,
   ${event}.starts_at, ${event}.ends_at, ${event}.on_sale_at, ${event}.currency, ${event}.prices,
   ${event}.seats_per_buyer_max, ${event}.layout_version, ${event}.seats_generated, ${event}.external_id, ${event}.created_at,
   ${event}.version`

export async function findEvent(sql: Sql, id: string): Promise<EventRow | undefined> {
  const [row] = await sql.query<EventRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'event-find',
  `select ${eventColumns('e')} from events e where e.id = $1`,
)

/** What an organizer says of an event. Times are RFC 3339 in UTC. */
export type EventDraft = {
  title: string
  type: string
  description: string
  venueId: string
  startsAt: string
  endsAt: string
  onSaleAt: string | null
  currency: string
  prices: Record<string, number>
  seatsPerBuyerMax: number | null
}

/** Undefined where there is no such venue. Locks the venue's row as every statement that copies its name does. */
export async function insertEvent(
  sql: Sql,
  id: string,
  organizerId: string,
  draft: EventDraft,
): Promise<EventRow | undefined> {
  const [row] = await sql.query<EventRow>(insertStatement, [
    id,
    organizerId,
    draft.venueId,
    draft.title,
    draft.type,
    draft.description,
    draft.startsAt,
    draft.endsAt,
    draft.onSaleAt,
    draft.currency,
    JSON.stringify(draft.prices),
    draft.seatsPerBuyerMax,
  ])
  return row
}

/**
 * A venue may be renamed while its name is copied here. The lock makes one wait for the other: either the
 * copy has the new name, or the renaming finds the event that was written before it.
 */
const insertStatement = statement(
  'event-insert',
  `with venue as materialized (select id, name, city from venues where id = $3 for share)
   insert into events as e (id, organizer_id, venue_id, venue_name, city, title, type, description,
     starts_at, ends_at, on_sale_at, currency, prices, seats_per_buyer_max)
   select $1, $2, v.id, v.name, v.city, $4, $5, $6, $7, $8, $9, $10, $11, $12 from venue v
   returning ${eventColumns('e')}`,
)

export type EventChange = { [Field in keyof EventDraft]?: EventDraft[Field] | undefined }

/** A change as it is asked for: of the event `id`, by `ownerId`, as it was in one of the `versions`. */
export type Claim = {
  id: string
  /** Null for an admin, who may change anybody's. */
  ownerId: string | null
  /** Null where any will do. */
  versions: number[] | null
}

/**
 * Changes what is given and nothing else, unless the claim does not hold, the event is cancelled, what is
 * fixed by now would change, or it would end before it starts: then nothing changes. One statement judges and
 * writes, so of two that come at once the second is judged by what the first has left.
 */
export async function updateEvent(
  sql: Sql,
  { id, ownerId, versions }: Claim,
  change: EventChange,
): Promise<EventRow | undefined> {
  const [row] = await sql.query<EventRow>(updateStatement, [
    id,
    ownerId,
    versions,
    change.venueId,
    change.title,
    change.type,
    change.description,
    change.startsAt,
    change.endsAt,
    change.onSaleAt !== undefined,
    change.onSaleAt,
    change.currency,
    change.prices && JSON.stringify(change.prices),
    change.seatsPerBuyerMax !== undefined,
    change.seatsPerBuyerMax,
  ])
  return row
}

const updateStatement = statement(
  'event-update',
  `with venue as materialized (
     select id, name, city from venues
     where id = coalesce($4::uuid, (select venue_id from events where id = $1)) for share
   )
   update events e set
     venue_id = v.id, venue_name = v.name, city = v.city,
     title = coalesce($5::text, e.title),
     type = coalesce($6::text, e.type),
     description = coalesce($7::text, e.description),
     starts_at = coalesce($8::timestamptz, e.starts_at),
     ends_at = coalesce($9::timestamptz, e.ends_at),
     on_sale_at = case when $10::boolean then $11::timestamptz else e.on_sale_at end,
     status = case when $10 and e.status <> 'DRAFT' then ${announcedStatus('$11')} else e.status end,
     -- who says when the sale opens does not want an imported status to stand
     is_status_pinned = e.is_status_pinned and not $10,
     currency = coalesce($12::text, e.currency),
     prices = coalesce($13::jsonb, e.prices),
     seats_per_buyer_max = case when $14::boolean then $15::int else e.seats_per_buyer_max end,
     version = e.version + 1
   from venue v
   where e.id = $1 and v.id = coalesce($4, e.venue_id)
     and ($2::uuid is null or e.organizer_id = $2)
     and ($3::int[] is null or e.version = any($3))
     and (e.status = 'DRAFT' or (e.status <> 'CANCELLED' and $4 is null and $12::text is null and $13::jsonb is null))
     and coalesce($8, e.starts_at) < coalesce($9, e.ends_at)
   returning ${eventColumns('e')}`,
)

/** Deletes a draft; false where it is none, or not the owner's. */
export async function deleteDraft(sql: Sql, id: string, ownerId: string | null): Promise<boolean> {
  const rows = await sql.query(deleteStatement, [id, ownerId])
  return rows.length === 1
}

/** Deletes a cancelled event; false where it is none. Whether anybody ordered for it, the caller has asked. */
export async function deleteCancelled(sql: Sql, id: string): Promise<boolean> {
  return (await sql.query(deleteCancelledStatement, [id])).length === 1
}

const deleteCancelledStatement = statement(
  'event-delete-cancelled',
  `delete from events where id = $1 and status = 'CANCELLED' returning 1`,
)

const deleteStatement = statement(
  'event-delete',
  `delete from events where id = $1 and ($2::uuid is null or organizer_id = $2) and status = 'DRAFT'
   returning 1`,
)
