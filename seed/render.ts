import type { Everything } from './export.ts'
import { decimalOf, minorOf, textOf } from './fields.ts'
import type { Name, Row } from './form.ts'
import { numbered, numberedByAge, type Numbers } from './numbers.ts'

type Order = Everything['orders'][number]
type Payment = Everything['payments'][number]
type Sold = { tickets: Everything['tickets']; orders: Of<'orders'>[] }
type Of<File extends Name> = { item: Everything[File][number]; number: number }

/**
 * The rows of each file, in the order of their numbers. What was made here gets the next free numbers. The
 * form knows less than the functions do: drafts are left out, and of an order of which some lines were
 * refunded, what is left is written.
 */
export function render(everything: Everything): Record<Name, Row[]> {
  const { users, venues, events, seats, orders, tickets, payments } = everything
  const numbers = {
    users: numberedByAge(users),
    venues: numberedByAge(venues),
    events: numberedByAge(events),
    orders: numberedByAge(orders),
    payments: numberedByAge(payments),
  }
  const seatNumbers = numbered(seats, (one, other) => {
    const [a, b] = [numbers.events.of(one.eventId) ?? 0, numbers.events.of(other.eventId) ?? 0]
    return a - b || one.ordinal - other.ordinal
  })
  const all: Numbers = { ...numbers, seats: seatNumbers }
  const orderOf = new Map(orders.map((order) => [order.id, order]))
  const paymentOf = new Map(payments.map((payment) => [payment.orderId, payment]))

  return {
    users: rowsOf(numbers.users.sorted, userRow),
    venues: rowsOf(numbers.venues.sorted, venueRow),
    events: rowsOf(numbers.events.sorted, (event) => eventRow(event, all)),
    seats: rowsOf(seatNumbers.sorted, (seat) => seatRow(seat, all)),
    orders: rowsOf(numbers.orders.sorted, (order) => orderRow(order, paymentOf, all)),
    tickets: ticketRows({ tickets, orders: numbers.orders.sorted }, all),
    payments: rowsOf(numbers.payments.sorted, (payment) => paymentRow(payment, orderOf, all)),
  }
}

const rowsOf = <Item>(items: Item[], rowOf: (item: Item) => Row): Row[] =>
  items.map(rowOf).filter(isWhole)

/** Stands for something that is not written, as a row that refers to it is not; no text holds it. */
const missing = '\0'
const isWhole = (row: Row) => !Object.values(row).includes(missing)
const numberIn = (numbers: Numbers[keyof Numbers], id: string) => String(numbers.of(id) ?? missing)

/** A person who was erased keeps his number, because his orders name it. */
const userRow = ({ item, number }: Of<'users'>): Row =>
  item.row ?? {
    user_id: String(number),
    name: item.name ?? 'Erased',
    email: item.email ?? `erased-${number}@boxoffice.invalid`,
    phone: item.phone ?? '',
    created_at: textOf(item.createdAt),
  }

const venueRow = ({ item, number }: Of<'venues'>): Row =>
  item.row ?? {
    venue_id: String(number),
    name: item.name,
    city: item.city,
    capacity: String(item.capacity),
  }

const eventRow = ({ item, number }: Of<'events'>, numbers: Numbers): Row =>
  item.row ?? {
    event_id: String(number),
    venue_id: numberIn(numbers.venues, item.venueId),
    title: item.title,
    event_type: item.type,
    event_date: textOf(item.startsAt),
    base_price: decimalOf(Number(item.basePriceMinor)),
    status: item.status,
  }

const seatRow = ({ item, number }: Of<'seats'>, numbers: Numbers): Row =>
  item.row ?? {
    seat_id: String(number),
    event_id: numberIn(numbers.events, item.eventId),
    section: item.section,
    row: item.rowName,
    seat_number: String(item.number),
    price: decimalOf(Number(item.priceMinor)),
  }

const orderStatuses: Record<string, string> = {
  PENDING: 'CREATED',
  HELD: 'CREATED',
  PAID: 'CREATED',
  CONFIRMED: 'CONFIRMED',
}

function orderRow(
  { item, number }: Of<'orders'>,
  paymentOf: ReadonlyMap<string, Payment>,
  numbers: Numbers,
): Row {
  if (item.row) return item.row
  const status = orderStatuses[item.status] ?? 'CANCELLED'
  return {
    order_id: String(number),
    user_id: numberIn(numbers.users, item.buyerId),
    event_id: numberIn(numbers.events, item.eventId),
    status,
    payment_status: paymentStatus(paymentOf.get(item.id)?.status ?? item.paymentStatus, status),
    order_total: decimalOf(Number(item.totalMinor) - refundedOf(item)),
    created_at: textOf(item.createdAt),
  }
}

/** An order of nothing has no payment and is paid; one that came to nothing without one never will be. */
function paymentStatus(status: string | null, orderStatus: string): string {
  if (status === 'PARTIALLY_REFUNDED') return 'SUCCESS'
  if (status !== null) return status
  if (orderStatus === 'CONFIRMED') return 'SUCCESS'
  return orderStatus === 'CANCELLED' ? 'FAILED' : 'PENDING'
}

/** In minor units; only of an order that goes on without some of its lines. */
const refundedOf = ({ status, refundedMinor }: Order): number =>
  status === 'CONFIRMED' ? Number(refundedMinor) : 0

function paymentRow(
  { item, number }: Of<'payments'>,
  orderOf: ReadonlyMap<string, Order>,
  numbers: Numbers,
): Row {
  if (item.row) return item.row
  const order = orderOf.get(item.orderId)
  return {
    payment_id: String(number),
    order_id: numberIn(numbers.orders, item.orderId),
    amount: decimalOf(Number(item.amountMinor) - (order ? refundedOf(order) : 0)),
    method: item.method ?? 'CARD',
    status: paymentStatus(item.status, ''),
    reference: item.reference ?? `none-${number}`,
    created_at: textOf(item.createdAt),
  }
}

/** In the form a ticket is a line of its order, whatever became of that; so orders made here have theirs too. */
function ticketRows({ tickets, orders }: Sold, numbers: Numbers) {
  const imported = numbered(tickets, () => 0).sorted
  const next = (imported.at(-1)?.number ?? 0) + 1
  const lines = orders
    .filter(({ item }) => item.externalId === null)
    .flatMap(({ item: { id, eventId, status, lines: own } }) =>
      own
        .filter(({ isRefunded }) => status !== 'CONFIRMED' || !isRefunded)
        .map(({ seatId, priceMinor }) => ({ orderId: id, eventId, seatId, priceMinor })),
    )
  return [
    ...imported.map(({ item, number }) =>
      item.isUnchanged
        ? item.row
        : ticketRow(number, { ...item, priceMinor: paidOf(item) }, numbers),
    ),
    ...lines.map((line, i) => ticketRow(next + i, line, numbers)),
  ].filter(isWhole)
}

const paidOf = ({ row }: Everything['tickets'][number]) => minorOf(row.price_paid ?? '')?.minor ?? 0

type Line = { orderId: string; eventId: string; seatId: string; priceMinor: number }

const ticketRow = (
  number: number,
  { orderId, eventId, seatId, priceMinor }: Line,
  numbers: Numbers,
): Row => ({
  ticket_id: String(number),
  order_id: numberIn(numbers.orders, orderId),
  event_id: numberIn(numbers.events, eventId),
  seat_id: numberIn(numbers.seats, seatId),
  price_paid: decimalOf(priceMinor),
})
