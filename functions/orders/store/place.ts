import type { OutboxRow } from '../../_runtime/broker.ts'
import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { outboxColumns, outboxInsert } from '../../_runtime/outbox.ts'
import type { Order } from '../order.ts'

type KeptAnswer = { status: number; headers: Record<string, string>; body: string }

/** Where a request with this key stands, and what is known of its event. */
export type Standing = {
  known: {
    request_hash: string
    answer: KeptAnswer | null
    is_leased: boolean
  } | null
  event: { title: string; startsAt: Date; currency: string; isOnSale: boolean } | null
  /** What the database's clock says. */
  at: Date
}

/** One read for all requests of the moment: the key, the event, and whether its sale is open on this clock. */
export const createLookUp = (sql: Sql) =>
  merged((asked: { orderId: string; eventId: string }[]) => lookUpAll(sql, asked), {
    inFlightMax: 3,
    mayRetry: wasRolledBack,
  })

type StandingRow = {
  request_hash: string | null
  answer_status: number | null
  answer_headers: string
  answer_body: string
  is_leased: boolean
  title: string | null
  starts_at: Date
  currency: string
  is_on_sale: boolean
  at: Date
}

async function lookUpAll(
  sql: Sql,
  asked: { orderId: string; eventId: string }[],
): Promise<Standing[]> {
  const rows = await sql.query<StandingRow>(lookUpStatement, [
    asked.map(({ orderId }) => orderId),
    asked.map(({ eventId }) => eventId),
  ])
  return rows.map((row) => ({
    known:
      row.request_hash === null
        ? null
        : { request_hash: row.request_hash, answer: answerOf(row), is_leased: row.is_leased },
    event:
      row.title === null
        ? null
        : {
            title: row.title,
            startsAt: row.starts_at,
            currency: row.currency,
            isOnSale: row.is_on_sale,
          },
    at: row.at,
  }))
}

const answerOf = ({ answer_status, answer_headers, answer_body }: StandingRow) =>
  answer_status === null
    ? null
    : {
        status: answer_status,
        headers: JSON.parse(answer_headers) as Record<string, string>,
        body: answer_body,
      }

const lookUpStatement = statement(
  'order-look-up',
  `select k.request_hash, k.status as answer_status, k.headers as answer_headers, k.body as answer_body,
     coalesce(o.due_at > now(), false) as is_leased, e.title, e.starts_at, e.currency,
     coalesce(e.starts_at > now() and (e.status in ('ON_SALE', 'SOLD_OUT')
       or (e.status = 'SCHEDULED' and e.on_sale_at <= now())), false) as is_on_sale, now() as at
   from unnest($1::uuid[], $2::uuid[]) with ordinality as a (order_id, event_id, place)
     left join kept_answers k using (order_id)
     left join orders o on o.id = a.order_id
     left join events e on e.id = a.event_id
   order by a.place`,
)

/** Keeps an answer unless one was kept before; gives the one that is kept. */
export async function keepAnswer(
  sql: Sql,
  orderId: string,
  { status, headers, body }: KeptAnswer,
): Promise<KeptAnswer> {
  const values = [orderId, status, JSON.stringify(headers), body]
  const [row] = await sql.query<StandingRow>(keepAnswerStatement, values)
  return (row && answerOf(row)) ?? { status, headers, body }
}

const keepAnswerStatement = statement(
  'answer-keep',
  `update kept_answers set status = coalesce(status, $2), headers = coalesce(headers, $3),
     body = coalesce(body, $4)
   where order_id = $1
   returning status as answer_status, headers as answer_headers, body as answer_body`,
)

export type NewOrder = {
  order: Order
  key: string
  requestHash: string
  /** Seconds until the sweep takes it up, unless whoever placed it ends it before. */
  leaseSeconds: number
  /** An answer that is given at once, and events that go with it, where the order is placed over events. */
  answer: { status: number; headers: Record<string, string>; body: string } | null
  told: OutboxRow[]
}

/** Writes orders with their keys and lines. False for a key that another request took first. */
export const createPlace = (sql: Sql) =>
  merged((placed: NewOrder[]) => placeAll(sql, placed), {
    keys: ({ order }) => [order.id],
    mayRetry: wasRolledBack,
  })

async function placeAll(sql: Sql, placed: NewOrder[]): Promise<boolean[]> {
  const orders = placed.map(({ order }) => order)
  const lines = orders.flatMap(({ id, lines: own }) =>
    own.map((line, place) => ({ id, place, line })),
  )
  const rows = await sql.query<{ id: string }>(placeStatement, [
    orders.map(({ id }) => id),
    orders.map(({ buyerId }) => buyerId),
    orders.map(({ eventId }) => eventId),
    orders.map(({ eventTitle }) => eventTitle),
    orders.map(({ startsAt }) => startsAt),
    orders.map(({ status }) => status),
    orders.map(({ holdId }) => holdId),
    orders.map(({ holdExpiresAt }) => holdExpiresAt),
    orders.map(({ currency }) => currency),
    orders.map(({ subtotalMinor }) => subtotalMinor),
    orders.map(({ taxMinor }) => taxMinor),
    orders.map(({ totalMinor }) => totalMinor),
    orders.map(({ means }) => means && JSON.stringify(means)),
    orders.map(({ choice }) => choice && JSON.stringify(choice)),
    placed.map(({ leaseSeconds }) => leaseSeconds),
    orders.map(({ createdAt }) => createdAt),
    placed.map(({ key }) => key),
    placed.map(({ requestHash }) => requestHash),
    placed.map(({ answer }) => answer?.status ?? null),
    placed.map(({ answer }) => answer && JSON.stringify(answer.headers)),
    placed.map(({ answer }) => answer?.body ?? null),
    lines.map(({ id }) => id),
    lines.map(({ place }) => place),
    lines.map(({ line }) => line.seatId),
    lines.map(({ line }) => line.label),
    lines.map(({ line }) => line.section),
    lines.map(({ line }) => line.row),
    lines.map(({ line }) => line.number),
    lines.map(({ line }) => line.priceMinor),
    orders.map(({ isAsync }) => isAsync),
    ...outboxColumns(placed.flatMap(({ told }) => told)),
  ])
  const written = new Set(rows.map(({ id }) => id))
  return orders.map(({ id }) => written.has(id))
}

const placeStatement = statement(
  'order-place',
  `with asked as (
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
       $7::uuid[], $8::timestamptz[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::jsonb[],
       $14::jsonb[], $15::float8[], $16::timestamptz[], $17::text[], $18::text[], $19::int[], $20::text[],
       $21::text[], $30::boolean[])
       as a (id, buyer_id, event_id, event_title, starts_at, status, hold_id, hold_expires_at, currency,
         subtotal_minor, tax_minor, total_minor, means, choice, lease_seconds, created_at, key, request_hash,
         answer_status, answer_headers, answer_body, is_async)
   ), kept as (
     -- the row that decides between two requests with one key
     insert into kept_answers (order_id, caller_id, key, request_hash, status, headers, body)
     select id, buyer_id, key, request_hash, answer_status, answer_headers, answer_body from asked
     on conflict do nothing returning order_id
   ), placed as (
     insert into orders (id, buyer_id, event_id, event_title, starts_at, status, hold_id, hold_expires_at,
       currency, subtotal_minor, tax_minor, total_minor, means, choice, due_at, created_at,
       is_async)
     select a.id, a.buyer_id, a.event_id, a.event_title, a.starts_at, a.status, a.hold_id, a.hold_expires_at,
       a.currency, a.subtotal_minor, a.tax_minor, a.total_minor, a.means, a.choice,
       now() + make_interval(secs => a.lease_seconds), a.created_at, a.is_async
     from asked a where a.id = any(array(select order_id from kept))
     returning id
   ), lined as (
     insert into order_lines (order_id, place, seat_id, label, section, "row", number, price_minor)
     select l.order_id, l.place, l.seat_id, l.label, l.section, l."row", l.number, l.price_minor
     from unnest($22::uuid[], $23::int[], $24::uuid[], $25::text[], $26::text[], $27::text[], $28::int[],
       $29::bigint[]) as l (order_id, place, seat_id, label, section, "row", number, price_minor)
     where l.order_id = any(array(select id from placed))
   ), ${outboxInsert(31, 'where o.aggregateid::uuid = any(array(select id from placed))')}
   select id from placed`,
)
