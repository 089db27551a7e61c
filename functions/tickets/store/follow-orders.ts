import type { OutboxRow } from '../../_runtime/broker.ts'
import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { outboxColumns } from '../../_runtime/outbox.ts'

/** What orders says of an order, with the id that each line's ticket has, and the news to send if it gets tickets. */
export type OrderNews = {
  orderId: string
  version: number
  status: string
  eventId: string
  eventTitle: string
  holderId: string
  lines: { ticketId: string; seatId: string; label: string; isRefunded: boolean }[]
  /** Null where the order has no tickets to issue. */
  issued: OutboxRow | null
}

export type Followed = {
  /** The row to send, where the tickets were issued just now. */
  issued: OutboxRow | null
  /** The row that told of this order's tickets earlier. */
  earlierIssuedId: string | null
}

/**
 * Brings tickets in step with what is said of their orders, together with the orders that are told of at the
 * same moment. Snapshots come at least once and in any order: the highest version wins, the same one again
 * does the same again, and an older one changes nothing. Two deliveries of one order meet in its row of
 * `ticket_orders`: the second waits there and then goes by what the first has left. Two orders for one seat
 * meet in the index `tickets_live_seat`: the second is refused, and the orders that were in the same
 * statement go again without it.
 */
export const createFollowOrder = (sql: Sql) =>
  merged((all: OrderNews[]) => followOrders(sql, all), {
    keys: ({ orderId, lines }) => [orderId, ...lines.map(({ seatId }) => seatId)],
    everyMs: 20,
    mayRetry: wasRolledBack,
  })

type FollowedRow = { payload: unknown; issued_id: string | null; is_behind: boolean }

async function followOrders(sql: Sql, news: OrderNews[]): Promise<Followed[]> {
  const rows = await sql.query<FollowedRow>(followStatement, columnsOf(news))
  // A statement sees the tickets that were there when it began, not those of a delivery that it then waited
  // for. Once more, it sees them; after a crash in between, the same delivery comes again and does it.
  const behind = news.filter((_, i) => rows[i]?.is_behind)
  if (behind.length > 0) await sql.query(followStatement, columnsOf(behind))
  return rows.map(({ payload, issued_id }, i) => {
    const issued = news[i]?.issued
    return issued && payload
      ? { issued: { ...issued, payload }, earlierIssuedId: null }
      : { issued: null, earlierIssuedId: issued_id }
  })
}

function columnsOf(news: OrderNews[]): unknown[] {
  const lines = news.flatMap((order, item) => order.lines.map((line) => ({ item, ...line })))
  return [
    news.map(({ orderId }) => orderId),
    news.map(({ version }) => version),
    news.map(({ status }) => status),
    news.map(({ eventId }) => eventId),
    news.map(({ eventTitle }) => eventTitle),
    news.map(({ holderId }) => holderId),
    news.map(({ issued }) => issued?.id ?? null),
    lines.map(({ item }) => item),
    lines.map(({ ticketId }) => ticketId),
    lines.map(({ seatId }) => seatId),
    lines.map(({ label }) => label),
    lines.map(({ isRefunded }) => isRefunded),
    ...outboxColumns(news.flatMap(({ issued }) => issued ?? [])),
  ]
}

/** What is known of the event takes the place of what the order said of it. */
const eventFacts = `
  case when e.id is null then '{}' else jsonb_build_object('eventTitle', e.title,
    'venueName', e.venue_name, 'city', e.city,
    'startsAt', to_char(e.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end`

const followStatement = statement(
  'orders-follow',
  `with asked as (
     select (item - 1)::int as item, order_id, version, status, event_id, event_title, holder_id,
       issued_id
     from unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::uuid[])
       with ordinality as a
         (order_id, version, status, event_id, event_title, holder_id, issued_id, item)
   ), lines as (
     select item, ticket_id, seat_id, label, is_refunded
     from unnest($8::int[], $9::uuid[], $10::uuid[], $11::text[], $12::boolean[])
       as l (item, ticket_id, seat_id, label, is_refunded)
   ), kept as (
     insert into ticket_orders (order_id, version, status, event_title, issued_id)
     -- in the order of ids, so that two statements wait for each other but never in a circle
     select order_id, version, status, event_title, issued_id from asked order by order_id
     on conflict (order_id) do update set version = excluded.version, status = excluded.status,
       event_title = excluded.event_title,
       issued_id = coalesce(ticket_orders.issued_id, excluded.issued_id)
     where ticket_orders.version <= excluded.version
     returning order_id, issued_id
   ), first as (
     select a.* from asked a join kept k using (order_id, issued_id)
   ), written as (
     insert into tickets (id, order_id, event_id, seat_id, holder_id, label)
     select l.ticket_id, f.order_id, f.event_id, l.seat_id, f.holder_id, l.label
     from first f join lines l using (item) where not l.is_refunded
     order by l.seat_id
     on conflict (id) do nothing
   ), ended as (
     update tickets t set status = 'CANCELLED', version = t.version + 1
     from asked a join kept k using (order_id)
     where t.order_id = a.order_id and t.status <> 'CANCELLED' and not t.is_imported
       and (a.status <> 'CONFIRMED' or exists (
         select from lines l where l.item = a.item and l.seat_id = t.seat_id and l.is_refunded))
   ), told as (
     insert into outbox (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
     select o.id, o.aggregatetype, o.aggregateid, o.type, o.payload || ${eventFacts},
       o.correlationid, o.traceparent
     from unnest($13::uuid[], $14::text[], $15::text[], $16::text[], $17::jsonb[], $18::text[],
         $19::text[])
         as o (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
       join first f on f.issued_id = o.id left join events e on e.id = f.event_id
     returning id, payload
   ), unsent as (
     insert into outbox_unsent (id) select id from told
   )
   select t.payload, coalesce(k.issued_id, o.issued_id) as issued_id,
     k.issued_id is not null and o.issued_id is null and t.id is null as is_behind
   from asked a
     left join kept k using (order_id)
     left join told t on t.id = a.issued_id
     left join ticket_orders o on o.order_id = a.order_id
   order by a.item`,
)
