import type { OrderStatus } from '../../../contracts/orders.ts'
import type { Means, PaymentStatus } from '../../../contracts/payments.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import type { Line, Order } from '../order.ts'
import type { Closing } from '../saga.ts'

export type Row = {
  id: string
  buyer_id: string
  event_id: string
  event_title: string
  starts_at: Date | null
  status: OrderStatus
  closing: Closing | null
  reason: string | null
  hold_id: string
  hold_expires_at: Date | null
  currency: string
  subtotal_minor: string
  tax_minor: string
  total_minor: string
  refunded_minor: string
  means: Means | null
  choice: Order['choice']
  payment_id: string | null
  payment_status: PaymentStatus | null
  next_action_url: string | null
  created_at: Date
  confirmed_at: Date | null
  tickets_issued_at: Date | null
  is_async: boolean
  is_imported: boolean
  version: number
  is_refund_due: boolean
  lines: Line[]
}

/** Of an order `o`, with its lines. */
export const columns = `
  o.id, o.buyer_id, o.event_id, o.event_title, o.starts_at, o.status, o.closing, o.reason, o.hold_id,
  o.hold_expires_at, o.currency, o.subtotal_minor, o.tax_minor, o.total_minor, o.refunded_minor, o.means,
  o.choice, o.payment_id, o.payment_status, o.next_action_url, o.created_at, o.confirmed_at,
  o.tickets_issued_at, o.is_async, o.is_imported, o.version,
  exists (select from refunds r where r.order_id = o.id and r.status = 'PENDING') as is_refund_due,
  array(
    select jsonb_build_object('seatId', l.seat_id, 'label', l.label, 'section', l.section, 'row', l."row",
      'number', l.number, 'priceMinor', l.price_minor, 'isRefunded', l.is_refunded)
    from order_lines l where l.order_id = o.id order by l.place
  ) as lines`

export const toOrder = (row: Row): Order => ({
  id: row.id,
  buyerId: row.buyer_id,
  eventId: row.event_id,
  eventTitle: row.event_title,
  startsAt: row.starts_at,
  status: row.status,
  closing: row.closing,
  reason: row.reason,
  holdId: row.hold_id,
  holdExpiresAt: row.hold_expires_at,
  currency: row.currency,
  subtotalMinor: Number(row.subtotal_minor),
  taxMinor: Number(row.tax_minor),
  totalMinor: Number(row.total_minor),
  refundedMinor: Number(row.refunded_minor),
  lines: row.lines,
  means: row.means,
  choice: row.choice,
  payment: row.payment_status && {
    id: row.payment_id,
    status: row.payment_status,
    nextActionUrl: row.next_action_url,
  },
  createdAt: row.created_at,
  confirmedAt: row.confirmed_at,
  areTicketsIssued: row.tickets_issued_at !== null,
  isRefundDue: row.is_refund_due,
  isAsync: row.is_async,
  isImported: row.is_imported,
  version: row.version,
})

export async function findOrder(sql: Sql, id: string): Promise<Order | undefined> {
  const [row] = await sql.query<Row>(findStatement, [id])
  return row && toOrder(row)
}

const findStatement = statement('order-find', `select ${columns} from orders o where o.id = $1`)

export type OrderFilter = {
  buyerId: string
  status?: string | undefined
  eventId?: string | undefined
  page: number
  size: number
}

/** One page of a buyer's orders, newest first, and how many match. */
export async function listOrders(sql: Sql, filter: OrderFilter) {
  const { buyerId, status = null, eventId = null, page, size } = filter
  const rows = await sql.query<Row & { total: string }>(listStatement, [
    buyerId,
    status,
    eventId,
    size,
    (page - 1) * size,
  ])
  const [count] =
    rows.length > 0
      ? rows
      : await sql.query<{ total: string }>(countStatement, [buyerId, status, eventId])
  return { orders: rows.map(toOrder), total: Number(count?.total ?? 0) }
}

const matches = `o.buyer_id = $1 and ($2::text is null or o.status = $2) and ($3::uuid is null or o.event_id = $3)`

const listStatement = statement(
  'orders-list',
  `select ${columns}, o.total from (
     select *, count(*) over () as total from orders o where ${matches}
     order by created_at desc, id limit $4 offset $5
   ) o order by o.created_at desc, o.id`,
)

/** A page past the end has no row to carry the count. */
const countStatement = statement(
  'orders-count',
  `select count(*) as total from orders o where ${matches}`,
)

/** Fills in what an order that was placed over events got held. */
export async function fillOrder(sql: Sql, order: Order): Promise<void> {
  await sql.query(fillStatement, [
    order.id,
    order.holdId,
    order.holdExpiresAt,
    order.subtotalMinor,
    order.taxMinor,
    order.totalMinor,
    order.lines.map((_, place) => place),
    order.lines.map(({ seatId }) => seatId),
    order.lines.map(({ label }) => label),
    order.lines.map(({ section }) => section),
    order.lines.map(({ row }) => row),
    order.lines.map(({ number }) => number),
    order.lines.map(({ priceMinor }) => priceMinor),
  ])
}

const fillStatement = statement(
  'order-fill',
  `with filled as (
     update orders set hold_id = $2, hold_expires_at = $3, subtotal_minor = $4, tax_minor = $5, total_minor = $6
     where id = $1 and status = 'PENDING' returning id
   )
   insert into order_lines (order_id, place, seat_id, label, section, "row", number, price_minor)
   select f.id, l.place, l.seat_id, l.label, l.section, l."row", l.number, l.price_minor
   from filled f, unnest($7::int[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::int[], $13::bigint[])
     as l (place, seat_id, label, section, "row", number, price_minor)
   on conflict do nothing`,
)
