import { statement, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { isFree, priceOf, statusOf } from './predicates.ts'

export type SeatRow = {
  id: string
  event_id: string
  label: string
  section: string
  row: string | null
  number: number | null
  price_minor: string
  currency: string
  status: string
}

const seatColumns = `
  s.id, s.event_id, s.label, s.section, s."row", s.number, ${priceOf('s', 'e')} as price_minor,
  e.currency, ${statusOf('s')} as status`

export type SeatFilter = {
  eventId: string
  section?: string | undefined
  status?: string | undefined
  page: number
  size: number
}

/** One page of an event's seats, in the order of the layout, and how many match. */
export async function listSeats(sql: Sql, filter: SeatFilter) {
  const { eventId, section = null, status = null, page, size } = filter
  const rows = await sql.query<SeatRow & { total: string }>(listStatement, [
    eventId,
    section,
    status,
    size,
    (page - 1) * size,
  ])
  const total = rows[0]?.total ?? (await countSeats(sql, eventId, section, status))
  return { rows, total: Number(total) }
}

const matches = `s.event_id = $1 and ($2::text is null or s.section = $2)
  and ($3::text is null or ${statusOf('s')} = $3)`

const listStatement = statement(
  'seats-list',
  `select ${seatColumns}, count(*) over () as total from seats s join events e on e.id = s.event_id
   where ${matches} order by s.ordinal limit $4 offset $5`,
)

/** A page past the end has no row to carry the count. */
async function countSeats(sql: Sql, ...filter: [string, string | null, string | null]) {
  const [row] = await sql.query<{ total: string }>(countStatement, filter)
  return row?.total ?? '0'
}

const countStatement = statement(
  'seats-count',
  `select count(*) as total from seats s where ${matches}`,
)

export async function findSeat(sql: Sql, id: string): Promise<SeatRow | undefined> {
  const [row] = await sql.query<SeatRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'seat-find',
  `select ${seatColumns} from seats s join events e on e.id = s.event_id where s.id = $1`,
)

/** The ids of labels, in the order of the labels; null where there is none. */
export async function idsOfLabels(
  sql: Sql,
  eventId: string,
  labels: string[],
): Promise<(string | null)[]> {
  const rows = await sql.query<{ id: string | null }>(labelsStatement, [eventId, labels])
  return rows.map(({ id }) => id)
}

const labelsStatement = statement(
  'seats-of-labels',
  `select s.id from unnest($2::text[]) with ordinality as l (label, place)
     left join seats s on s.event_id = $1 and s.label = l.label
   order by l.place`,
)

export type SectionCount = {
  section: string
  currency: string
  total: number
  available: number
  held: number
  sold: number
  blocked: number
  price_from: string | null
}

export const countBySection = (sql: Sql, eventId: string): Promise<SectionCount[]> =>
  sql.query<SectionCount>(summaryStatement, [eventId])

const summaryStatement = statement(
  'seats-summary',
  `select s.section, e.currency, count(*)::int as total,
     (count(*) filter (where ${isFree('s')}))::int as available,
     (count(*) filter (where s.status = 'HELD' and not ${isFree('s')}))::int as held,
     (count(*) filter (where s.status = 'SOLD'))::int as sold,
     (count(*) filter (where s.status = 'BLOCKED'))::int as blocked,
     min(${priceOf('s', 'e')}) filter (where ${isFree('s')}) as price_from
   from seats s join events e on e.id = s.event_id where s.event_id = $1
   group by s.section, e.currency order by min(s.ordinal)`,
)

export type MapRow = {
  version: number
  price_factor: number
  seats_total: number | null
  statuses: string
}

/**
 * A letter a seat, in the order of the layout, and what tells whether the rest of the map has changed. Whoever looks
 * while a read is on its way shares the next one: ten thousand watchers of one event cost two connections.
 */
export const createReadStatuses = (sql: Sql) =>
  merged((eventIds: string[]) => readStatuses(sql, eventIds), {
    itemsMax: 1000,
    mayRetry: () => true,
  })

async function readStatuses(sql: Sql, eventIds: string[]): Promise<(MapRow | undefined)[]> {
  const wanted = [...new Set(eventIds)]
  const rows = await sql.query<MapRow & { id: string }>(statusesStatement, [wanted])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return eventIds.map((id) => byId.get(id.toLowerCase()))
}

const statusesStatement = statement(
  'map-statuses',
  `select e.id, e.version, e.price_factor::float8 as price_factor, e.seats_total,
     coalesce((
       select string_agg(left(${statusOf('s')}, 1), '' order by s.ordinal) from seats s
       where s.event_id = e.id), '') as statuses
   from events e where e.id = any($1::uuid[])`,
)

/** Everything of an event's seats but their status. */
export const readPlaces = (sql: Sql, eventId: string): Promise<Omit<SeatRow, 'status'>[]> =>
  sql.query<SeatRow>(placesStatement, [eventId])

const placesStatement = statement(
  'map-places',
  `select s.id, s.event_id, s.label, s.section, s."row", s.number,
     ${priceOf('s', 'e')} as price_minor, e.currency
   from seats s join events e on e.id = s.event_id where s.event_id = $1 order by s.ordinal`,
)

export type FreeSeat = { id: string; section: string; row: string | null; number: number | null }

/** Free seats, best first, up to `limit`. */
export const readFree = (
  sql: Sql,
  eventId: string,
  section: string | null,
  limit: number,
): Promise<FreeSeat[]> => sql.query<FreeSeat>(freeStatement, [eventId, section, limit])

const freeStatement = statement(
  'seats-free',
  `select s.id, s.section, s."row", s.number from seats s
   where s.event_id = $1 and ($2::text is null or s.section = $2) and ${isFree('s')}
   order by s.ordinal limit $3`,
)

/** Seats that changed since a moment of this database's clock, as everybody sees them. */
export const readChanged = (sql: Sql, eventId: string, since: Date) =>
  sql.query<{ id: string; status: string }>(changedStatement, [eventId, since])

const changedStatement = statement(
  'seats-changed',
  `select s.id, ${statusOf('s')} as status from seats s
   where s.event_id = $1 and (s.changed_at >= $2 or (s.status = 'HELD' and s.held_until between $2 and now()))
   order by s.ordinal`,
)

/** What this database's clock says. */
export async function readTime(sql: Sql): Promise<Date | undefined> {
  const [row] = await sql.query<{ at: Date }>(timeStatement)
  return row?.at
}

const timeStatement = statement('time', 'select now() as at')

export type NewSeat = {
  id: string
  ordinal: number
  label: string
  section: string
  row: string | null
  number: number | null
  priceMinor: number
}

/** Writes seats; those that are there already stay as they are. */
export async function insertSeats(sql: Sql, eventId: string, seats: NewSeat[]): Promise<void> {
  await sql.query(insertStatement, [
    eventId,
    seats.map(({ id }) => id),
    seats.map(({ ordinal }) => ordinal),
    seats.map(({ label }) => label),
    seats.map(({ section }) => section),
    seats.map(({ row }) => row),
    seats.map(({ number }) => number),
    seats.map(({ priceMinor }) => priceMinor),
  ])
}

const insertStatement = statement(
  'seats-insert',
  `insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor)
   select id, $1, ordinal, label, section, "row", number, price_minor
   from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bigint[])
     as n (id, ordinal, label, section, "row", number, price_minor)
   on conflict do nothing`,
)
