import type { Layout } from '../../../contracts/layouts.ts'
import { codeOf, statement, type Sql } from '../../_runtime/database.ts'
import { eventColumns, type Claim, type EventRow } from './events.ts'

export type VenueRow = {
  id: string
  name: string
  city: string
  capacity: number
  layout: Layout
  layout_version: number
  organizer_id: string | null
  created_at: Date
  version: number
}

/** A `VenueRow` without its layout, of the table that is called `venue` in the statement. */
export const venueColumns = (venue: string): string =>
  `${venue}.id, ${venue}.name, ${venue}.city, ${venue}.capacity, ${venue}.layout_version,
   ${venue}.organizer_id, ${venue}.created_at, ${venue}.version`

const fullColumns = (venue: string) => `${venueColumns(venue)}, ${venue}.layout`

export async function findVenue(sql: Sql, id: string): Promise<VenueRow | undefined> {
  const [row] = await sql.query<VenueRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'venue-find',
  `select ${fullColumns('v')} from venues v where v.id = $1`,
)

export type NewVenue = {
  id: string
  organizerId: string
  name: string
  city: string
  layout: Layout
  capacity: number
}

export async function insertVenue(sql: Sql, venue: NewVenue): Promise<VenueRow> {
  const [row] = await sql.query<VenueRow>(insertStatement, [
    venue.id,
    venue.organizerId,
    venue.name,
    venue.city,
    JSON.stringify(venue.layout),
    venue.capacity,
  ])
  return row as VenueRow
}

const insertStatement = statement(
  'venue-insert',
  `insert into venues as v (id, organizer_id, name, city, layout, capacity)
   values ($1, $2, $3, $4, $5, $6) returning ${fullColumns('v')}`,
)

export type VenueChange = {
  name?: string | undefined
  city?: string | undefined
  layout?: Layout | undefined
  /** Of the new layout. */
  capacity?: number | undefined
}

/** Changes what is given and nothing else; nothing at all where the claim does not hold. */
export async function updateVenue(
  sql: Sql,
  { id, ownerId, versions }: Claim,
  change: VenueChange,
): Promise<VenueRow | undefined> {
  const [row] = await sql.query<VenueRow>(updateStatement, [
    id,
    ownerId,
    versions,
    change.name,
    change.city,
    change.layout && JSON.stringify(change.layout),
    change.capacity,
  ])
  return row
}

const updateStatement = statement(
  'venue-update',
  `update venues v set name = coalesce($4::text, v.name), city = coalesce($5::text, v.city),
     layout = coalesce($6::jsonb, v.layout), capacity = coalesce($7::int, v.capacity),
     layout_version = v.layout_version + ($6 is not null)::int, version = v.version + 1
   where v.id = $1 and ($2::uuid is null or v.organizer_id = $2)
     and ($3::int[] is null or v.version = any($3))
   returning ${fullColumns('v')}`,
)

/**
 * Brings the copies in the venue's events up to its name and city; gives the events that changed. It must be a
 * statement of its own, after the one that changed the venue: only then does it see the events that others
 * wrote while that one waited for them.
 */
export const renameEvents = (sql: Sql, { id, name, city }: VenueRow): Promise<EventRow[]> =>
  sql.query<EventRow>(renameStatement, [id, name, city])

const renameStatement = statement(
  'venue-events-rename',
  `update events e set venue_name = $2, city = $3, version = e.version + 1
   where e.venue_id = $1 and (e.venue_name, e.city) is distinct from ($2, $3)
   returning ${eventColumns('e')}`,
)

/** Deletes a venue that no event refers to: the foreign key decides, also while one is just being drafted. */
export async function removeVenue(
  sql: Sql,
  id: string,
  ownerId: string | null,
): Promise<'removed' | 'in use' | 'refused'> {
  try {
    const rows = await sql.query(deleteStatement, [id, ownerId])
    return rows.length === 1 ? 'removed' : 'refused'
  } catch (err) {
    if (codeOf(err) === foreignKeyViolation) return 'in use'
    throw err
  }
}

const foreignKeyViolation = '23503'

const deleteStatement = statement(
  'venue-delete',
  `delete from venues where id = $1 and ($2::uuid is null or organizer_id = $2) returning 1`,
)
