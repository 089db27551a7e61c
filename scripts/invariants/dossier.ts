import { readLedger, type Witnessed } from './ledger.ts'
import { mergeById } from './merge.ts'
import type { Places } from './report.ts'
import type { Row, Sources } from './sources.ts'

/** What each function and the bank know of one order. Money in minor units; seats in the order of their ids. */
export type Dossier = {
  id: string
  order: OrderRow | undefined
  payments: PaymentRow[]
  ledger: Witnessed | undefined
  /** Seats that are allocated to it. */
  seats: string[]
  /** Seats of its live tickets. */
  tickets: string[]
  /** How tickets heard that it ended. */
  heard: string | undefined
  /** Live holds that belong to it. */
  holds: string[]
  /** Messages that tell of its tickets. */
  messages: number
}

export type OrderRow = {
  id: string
  status: string
  closing: string | null
  currency: string
  subtotal: number
  tax: number
  total: number
  refunded: number
  isImported: boolean
  areTicketsIssued: boolean
  /** Seats of the lines that are not refunded. */
  live: string[]
  livePrices: number[]
  linesTotal: number
  /** A refund of some of its lines is on its way. */
  isRefunding: boolean
}

export type PaymentRow = {
  id: string
  paymentId: string
  status: string
  amount: number | null
  currency: string | null
  refunded: number
  refundDue: number
  isVoiding: boolean
  provider: string | null
  isImported: boolean
  refundsDone: number
  refundsDue: number
}

/**
 * One dossier an order, for all of them or for those of `only`, in the order of ids. Each database gives one snapshot,
 * and each another moment's: of an order that is just being sold the parts may not fit.
 */
export async function* readDossiers(
  sources: Sources,
  places: Places,
  only?: readonly string[],
): AsyncGenerator<Dossier> {
  const ids = [only ?? null]
  const merged = mergeById({
    orders: mapped(sources.stream('orders', orders, ids), toOrder),
    payments: mapped(sources.stream('payments', payments, ids), toPayment),
    ledger:
      places.ledger === undefined
        ? none<Witnessed>()
        : readLedger(places.ledger, only && new Set(only)),
    seats: mapped(sources.stream('seating', seats, ids), toSeats),
    holds: mapped(sources.stream('seating', holds, ids), toSeats),
    tickets: mapped(sources.stream('tickets', tickets, ids), toSeats),
    heard: mapped(sources.stream('tickets', heard, ids), ({ id, status }) => ({
      id: String(id),
      status: String(status),
    })),
    messages: mapped(sources.stream('notifications', messages, ids), ({ id, count }) => ({
      id: String(id),
      count: Number(count),
    })),
  })
  for await (const { id, ...own } of merged)
    yield {
      id,
      order: own.orders[0],
      payments: own.payments,
      ledger: own.ledger[0],
      seats: own.seats[0]?.seats ?? [],
      holds: own.holds[0]?.seats ?? [],
      tickets: own.tickets[0]?.seats ?? [],
      heard: own.heard[0]?.status,
      messages: own.messages[0]?.count ?? 0,
    }
}

const mine = (column: string) => `($1::uuid[] is null or ${column} = any($1))`

const orders = `
  select o.id, o.status, o.closing, o.currency, o.subtotal_minor, o.tax_minor, o.total_minor, o.refunded_minor,
    o.is_imported, o.tickets_issued_at is not null as are_tickets_issued, l.live, l.live_prices, l.lines_total,
    exists (select from refunds r where r.order_id = o.id and r.status = 'PENDING') as is_refunding
  from orders o cross join lateral (
    select coalesce(array_agg(seat_id order by seat_id) filter (where not is_refunded), '{}') as live,
      coalesce(array_agg(price_minor) filter (where not is_refunded), '{}') as live_prices,
      coalesce(sum(price_minor), 0) as lines_total
    from order_lines where order_id = o.id
  ) l where ${mine('o.id')} order by o.id`

const payments = `
  select p.order_id as id, p.id as payment_id, p.status, p.amount_minor, p.currency, p.refunded_minor,
    p.refund_due_minor, coalesce(p.void_status = 'OPEN', false) as is_voiding, p.provider, p.is_imported,
    r.done, r.due
  from payments p cross join lateral (
    select coalesce(sum(amount_minor) filter (where status = 'SUCCESS'), 0) as done,
      coalesce(sum(amount_minor) filter (where status = 'PENDING'), 0) as due
    from refunds where payment_id = p.id
  ) r where ${mine('p.order_id')} order by p.order_id`

const seats = `
  select order_id as id, array_agg(seat_id order by seat_id) as seats from allocations
  where not is_imported and ${mine('order_id')} group by order_id order by order_id`

const holds = `
  select order_id as id, array_agg(id) as seats from holds
  where status = 'ACTIVE' and expires_at > now() and order_id is not null and ${mine('order_id')}
  group by order_id order by order_id`

const tickets = `
  select order_id as id, array_agg(seat_id order by seat_id) as seats from tickets
  where status <> 'CANCELLED' and not is_imported and ${mine('order_id')} group by order_id order by order_id`

const heard = `select order_id as id, status from ticket_orders where ${mine('order_id')} order by order_id`

const messages = `
  select order_id as id, count(*) as count from messages
  where kind = 'tickets' and order_id is not null and ${mine('order_id')} group by order_id order by order_id`

const toOrder = (row: Row): OrderRow => ({
  id: String(row.id),
  status: String(row.status),
  closing: row.closing as string | null,
  currency: String(row.currency),
  subtotal: Number(row.subtotal_minor),
  tax: Number(row.tax_minor),
  total: Number(row.total_minor),
  refunded: Number(row.refunded_minor),
  isImported: row.is_imported === true,
  areTicketsIssued: row.are_tickets_issued === true,
  live: row.live as string[],
  livePrices: (row.live_prices as string[]).map(Number),
  linesTotal: Number(row.lines_total),
  isRefunding: row.is_refunding === true,
})

const toPayment = (row: Row): PaymentRow => ({
  id: String(row.id),
  paymentId: String(row.payment_id),
  status: String(row.status),
  amount: row.amount_minor === null ? null : Number(row.amount_minor),
  currency: row.currency as string | null,
  refunded: Number(row.refunded_minor),
  refundDue: Number(row.refund_due_minor),
  isVoiding: row.is_voiding === true,
  provider: row.provider as string | null,
  isImported: row.is_imported === true,
  refundsDone: Number(row.done),
  refundsDue: Number(row.due),
})

const toSeats = (row: Row) => ({ id: String(row.id), seats: row.seats as string[] })

async function* mapped<To>(rows: AsyncGenerator<Row>, to: (row: Row) => To): AsyncGenerator<To> {
  for await (const row of rows) yield to(row)
}

// oxlint-disable-next-line require-yield -- a place that is not read has no rows
async function* none<Item>(): AsyncGenerator<Item> {}
