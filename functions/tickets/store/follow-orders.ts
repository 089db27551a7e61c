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

/** An order that was kept, one as it was before, or news that was written; each by its id. */
type FollowedRow = {
  kind: 'kept' | 'before' | 'told'
  id: string
  issued_id: string | null
  payload: unknown
}

async function followOrders(sql: Sql, news: OrderNews[]): Promise<Followed[]> {
  const rows = await sql.query<FollowedRow>(followStatement, columnsOf(news))
  const byId = (kind: FollowedRow['kind']) =>
    new Map(rows.filter((row) => row.kind === kind).map((row) => [row.id, row]))
  const [kept, before, told] = [byId('kept'), byId('before'), byId('told')]
  const toldOf = ({ issued }: OrderNews) => (issued ? told.get(issued.id) : undefined)
  // A statement sees the tickets that were there when it began, not those of a delivery that it then waited
  // for. Once more, it sees them; after a crash in between, the same delivery comes again and does it.
  const behind = news.filter(
    (one) =>
      kept.get(one.orderId)?.issued_id && !before.get(one.orderId)?.issued_id && !toldOf(one),
  )
  if (behind.length > 0) await sql.query(followStatement, columnsOf(behind))
  return news.map((one) => {
    const payload = toldOf(one)?.payload
    if (one.issued && payload) return { issued: { ...one.issued, payload }, earlierIssuedId: null }
    const { issued_id = null } = kept.get(one.orderId) ?? before.get(one.orderId) ?? {}
    return { issued: null, earlierIssuedId: issued_id }
  })
}

function columnsOf(news: OrderNews[]): unknown[] {
  const issuing = news.filter(({ issued }) => issued)
  const written = issuing.flatMap(({ lines }, i) =>
    lines.filter(({ isRefunded }) => !isRefunded).map((line) => ({ place: i + 1, ...line })),
  )
  const over = news.filter(({ status }) => status !== 'CONFIRMED')
  const inPart = news.filter(
    ({ status, lines }) => status === 'CONFIRMED' && lines.some(({ isRefunded }) => isRefunded),
  )
  const refunded = inPart.flatMap(({ lines }) => lines.filter(({ isRefunded }) => isRefunded))
  return [
    news.map(({ orderId }) => orderId),
    news.map(({ version }) => version),
    news.map(({ status }) => status),
    news.map(({ eventTitle }) => eventTitle),
    news.map(({ issued }) => issued?.id ?? null),
    issuing.map(({ orderId }) => orderId),
    issuing.map(({ eventId }) => eventId),
    issuing.map(({ holderId }) => holderId),
    ...outboxColumns(issuing.flatMap(({ issued }) => issued ?? [])),
    written.map(({ place }) => place),
    written.map(({ ticketId }) => ticketId),
    written.map(({ seatId }) => seatId),
    written.map(({ label }) => label),
    over.map(({ orderId }) => orderId),
    inPart.map(({ orderId }) => orderId),
    refunded.map(({ ticketId }) => ticketId),
  ]
}

/** What is known of the event takes the place of what the order said of it. */
const eventFacts = `
  case when e.id is null then '{}' else jsonb_build_object('eventTitle', e.title,
    'venueName', e.venue_name, 'city', e.city,
    'startsAt', to_char(e.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end`

const followStatement = statement(
  'orders-follow',
  `with kept as (
     insert into ticket_orders (order_id, version, status, event_title, issued_id)
     -- in the order of ids, so that two statements wait for each other but never in a circle
     select order_id, version, status, event_title, issued_id
     from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::uuid[])
       as a (order_id, version, status, event_title, issued_id)
     order by order_id
     on conflict (order_id) do update set version = excluded.version, status = excluded.status,
       event_title = excluded.event_title,
       issued_id = coalesce(ticket_orders.issued_id, excluded.issued_id)
     where ticket_orders.version <= excluded.version
     returning order_id, issued_id
   ), first as (
     select order_id, issued_id from kept where issued_id = any($9::uuid[])
   ), written as (
     insert into tickets (id, order_id, event_id, seat_id, holder_id, label)
     select l.ticket_id, ($6::uuid[])[l.place], ($7::uuid[])[l.place], l.seat_id,
       ($8::uuid[])[l.place], l.label
     from unnest($16::int[], $17::uuid[], $18::uuid[], $19::text[])
       as l (place, ticket_id, seat_id, label)
     where ($9::uuid[])[l.place] = any(array(select issued_id from first))
     order by l.seat_id
     on conflict (id) do nothing
   ), ended as (
     update tickets t set status = 'CANCELLED', version = t.version + 1
     where t.order_id = any(array(
         select order_id from kept where order_id = any($20::uuid[]) or order_id = any($21::uuid[])))
       and (t.order_id = any($20::uuid[]) or t.id = any($22::uuid[]))
       -- with "<>", they may be looked for in the index of all live seats
       and t.status is distinct from 'CANCELLED' and not t.is_imported
   ), told as (
     insert into outbox (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
     select o.id, o.aggregatetype, o.aggregateid, o.type, o.payload || ${eventFacts},
       o.correlationid, o.traceparent
     from unnest($9::uuid[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::text[],
         $15::text[], $7::uuid[])
         as o (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent, event_id)
       left join events e on e.id = o.event_id
     where o.id = any(array(select issued_id from first))
     returning id, payload
   ), unsent as (
     insert into outbox_unsent (id) select id from told
   )
   select 'kept' as kind, order_id as id, issued_id, null::jsonb as payload from kept
   union all
   select 'told', id, null, payload from told
   union all
   select 'before', order_id, issued_id, null from ticket_orders
   where order_id = any(array(
     select id from unnest($1::uuid[]) as id where id <> all(array(select order_id from first))))`,
)
