import type { Name, Row } from '../form.ts'

type Rows = Record<Name, Row[]>

/** The rules that a data set breaks. Says them in its own way, without a line of what makes or imports one. */
export function brokenRules(rows: Rows): string[] {
  const seen = lookUps(rows)
  return Object.entries(rules)
    .filter(([, holds]) => !holds(rows, seen))
    .map(([rule]) => rule)
}

type Seen = ReturnType<typeof lookUps>

function lookUps({ users, events, venues, seats, orders, tickets, payments }: Rows) {
  const by = (rows: Row[], column: string) => new Map(rows.map((row) => [row[column], row]))
  return {
    user: by(users, 'user_id'),
    venue: by(venues, 'venue_id'),
    event: by(events, 'event_id'),
    seat: by(seats, 'seat_id'),
    order: by(orders, 'order_id'),
    seatsOf: Map.groupBy(seats, (row) => row.event_id),
    ticketsOf: Map.groupBy(tickets, (row) => row.order_id),
    ticketOf: by(tickets, 'seat_id'),
    paymentOf: by(payments, 'order_id'),
  }
}

const isOnce = (rows: Row[], keyOf: (row: Row) => unknown) =>
  new Set(rows.map(keyOf)).size === rows.length
const paise = (text = '') => BigInt(Math.round(Number(text) * 100))

const rules: Record<string, (rows: Rows, seen: Seen) => boolean> = {
  'an address has one user': ({ users }) => isOnce(users, ({ email }) => email?.toLowerCase()),
  'a phone number has one user': ({ users }) => isOnce(users, ({ phone }) => phone),
  'addresses are of example domains': ({ users }) =>
    users.every(({ email = '' }) => /@example\.(com|org|net)$/.test(email)),
  'phone numbers are nobody’s': ({ users }) =>
    users.every(({ phone = '' }) => /^0\d{9}$/.test(phone)),
  'a position has one seat': ({ seats }) =>
    isOnce(seats, (seat) => [seat.event_id, seat.section, seat.row, seat.seat_number].join()),
  'a seat has one ticket': ({ tickets }) => isOnce(tickets, ({ seat_id }) => seat_id),
  'a venue holds the seats of its events': ({ events }, { seatsOf, venue }) =>
    events.every(
      ({ event_id, venue_id }) =>
        (seatsOf.get(event_id ?? '')?.length ?? 0) <= Number(venue.get(venue_id)?.capacity),
    ),
  'confirmed is what was paid': ({ orders }, { paymentOf }) =>
    orders.every(({ order_id, status, payment_status }) => {
      const isPaid = paymentOf.get(order_id)?.status === 'SUCCESS'
      return (status === 'CONFIRMED') === isPaid && (payment_status === 'SUCCESS') === isPaid
    }),
  'a total is its tickets and tax': ({ orders }, { ticketsOf }) =>
    orders.every(({ order_id = '', order_total }) => {
      const sum = (ticketsOf.get(order_id) ?? []).reduce(
        (all, row) => all + paise(row.price_paid),
        0n,
      )
      return paise(order_total) === sum + (sum * 5n + 50n) / 100n
    }),
  'a ticket costs what its seat does': ({ tickets }, { seat }) =>
    tickets.every(({ seat_id, price_paid }) => seat.get(seat_id)?.price === price_paid),
  'a payment is of the total of its order': ({ payments }, { order }) =>
    payments.every(({ order_id, amount }) => order.get(order_id)?.order_total === amount),
  'a payment comes after its order': ({ payments }, { order }) =>
    payments.every(
      ({ order_id, created_at = '' }) => created_at >= (order.get(order_id)?.created_at ?? ''),
    ),
  'an order is later than its user': ({ orders }, { user }) =>
    orders.every(
      ({ user_id, created_at = '' }) => created_at > (user.get(user_id)?.created_at ?? ''),
    ),
  'an order is earlier than its event': ({ orders }, { event }) =>
    orders.every(
      ({ event_id, created_at = '' }) => created_at < (event.get(event_id)?.event_date ?? ''),
    ),
  'an order is for an event that was on sale': ({ orders }, { event }) =>
    orders.every(({ event_id }) =>
      ['ON_SALE', 'SOLD_OUT'].includes(event.get(event_id)?.status ?? ''),
    ),
  'tickets, seats and orders are of one event': ({ tickets }, { seat, order }) =>
    tickets.every(
      ({ event_id, seat_id, order_id }) =>
        seat.get(seat_id)?.event_id === event_id && order.get(order_id)?.event_id === event_id,
    ),
  'a sold-out event has no seat left': ({ events }, { seatsOf, ticketOf, order }) =>
    events
      .filter(({ status }) => status === 'SOLD_OUT')
      .flatMap(({ event_id = '' }) => seatsOf.get(event_id) ?? [])
      .every(({ seat_id }) => order.get(ticketOf.get(seat_id)?.order_id)?.status === 'CONFIRMED'),
  'a reference names one payment': ({ payments }) => isOnce(payments, ({ reference }) => reference),
  'an order has one payment': ({ payments, orders }) =>
    isOnce(payments, ({ order_id }) => order_id) && payments.length === orders.length,
}
