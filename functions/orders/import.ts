import type { EventData } from '../../contracts/events.ts'
import { statement, type Sql } from '../_runtime/database.ts'
import type { Line } from './order.ts'
import { keepEvent } from './store/events.ts'

/** The row of a data set as it came, and what is odd about it. */
type Imported = { row: Record<string, string>; flags: string[] }

/** An order of a data set. It is history: no sweep takes it up and nothing is told of it. */
export type ImportedOrder = {
  id: string
  externalId: string
  buyerId: string
  eventId: string
  eventTitle: string
  startsAt: string
  status: 'PENDING' | 'PAID' | 'CONFIRMED' | 'CANCELLED'
  currency: string
  subtotalMinor: number
  taxMinor: number
  totalMinor: number
  paymentId: string | null
  paymentStatus: string
  createdAt: string
  lines: Omit<Line, 'isRefunded'>[]
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

/** Writes the orders that are not there yet, with their lines, in one statement. */
export async function importOrders(sql: Sql, orders: ImportedOrder[]): Promise<void> {
  const lines = orders.flatMap(({ id, lines: own }) =>
    own.map((line, place) => ({ orderId: id, place, ...line })),
  )
  await sql.query(insertStatement, [
    orders.map(({ id }) => id),
    orders.map(({ externalId }) => externalId),
    orders.map(({ buyerId }) => buyerId),
    orders.map(({ eventId }) => eventId),
    orders.map(({ eventTitle }) => eventTitle),
    orders.map(({ startsAt }) => startsAt),
    orders.map(({ status }) => status),
    orders.map(({ currency }) => currency),
    orders.map(({ subtotalMinor }) => subtotalMinor),
    orders.map(({ taxMinor }) => taxMinor),
    orders.map(({ totalMinor }) => totalMinor),
    orders.map(({ paymentId }) => paymentId),
    orders.map(({ paymentStatus }) => paymentStatus),
    orders.map(({ createdAt }) => createdAt),
    orders.map(({ imported }) => JSON.stringify({ ...imported, version: 1 })),
    lines.map(({ orderId }) => orderId),
    lines.map(({ place }) => place),
    lines.map(({ seatId }) => seatId),
    lines.map(({ label }) => label),
    lines.map(({ section }) => section),
    lines.map(({ row }) => row),
    lines.map(({ number }) => number),
    lines.map(({ priceMinor }) => priceMinor),
  ])
}

/** Its hold is named after the order, as for an order that is placed; there is none. */
const insertStatement = statement(
  'import-orders',
  `with asked as (
     select *, status = 'CONFIRMED' as is_confirmed
     from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],
       $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::text[],
       $14::timestamptz[], $15::jsonb[])
       as a (id, external_id, buyer_id, event_id, event_title, starts_at, status, currency,
         subtotal_minor, tax_minor, total_minor, payment_id, payment_status, created_at, imported)
   ), written as (
     insert into orders (id, external_id, buyer_id, event_id, event_title, starts_at, status, hold_id,
       currency, subtotal_minor, tax_minor, total_minor, payment_id, payment_status, created_at,
       confirmed_at, tickets_issued_at, is_imported, imported)
     select id, external_id, buyer_id, event_id, event_title, starts_at, status, id, currency,
       subtotal_minor, tax_minor, total_minor, payment_id, payment_status, created_at,
       case when is_confirmed then created_at end, case when is_confirmed then created_at end, true,
       imported
     from asked on conflict (id) do nothing returning id
   )
   insert into order_lines (order_id, place, seat_id, label, section, "row", number, price_minor)
   select l.order_id, l.place, l.seat_id, l.label, l.section, l."row", l.number, l.price_minor
   from unnest($16::uuid[], $17::int[], $18::uuid[], $19::text[], $20::text[], $21::text[], $22::int[],
     $23::bigint[]) as l (order_id, place, seat_id, label, section, "row", number, price_minor)
     join written w on w.id = l.order_id`,
)

export type KnownOrder = { id: string; imported: Imported; seat_ids: string[] }

/** What the orders among these ids came from, and the seats of their lines. */
export const findImportedOrders = (sql: Sql, ids: string[]): Promise<KnownOrder[]> =>
  sql.query<KnownOrder>(knownStatement, [ids])

const knownStatement = statement(
  'import-orders-known',
  `select o.id, o.imported,
     array(select l.seat_id from order_lines l where l.order_id = o.id order by l.place) as seat_ids
   from orders o where o.id = any($1::uuid[]) and o.is_imported`,
)
