import type { Fields } from '../fields.ts'
import { eventStatuses, orderStatuses, paymentMethods, paymentStatuses } from '../form.ts'

/** What the rows of each file say. Money is in minor units, times are RFC 3339, references are numbers. */
export const readers = {
  users: (f: Fields) => ({
    number: f.number('user_id'),
    name: f.text('name', 120),
    email: f.email('email'),
    phone: f.phone('phone'),
    createdAt: f.time('created_at'),
  }),
  venues: (f: Fields) => ({
    number: f.number('venue_id'),
    name: f.text('name', 160),
    city: f.text('city', 80),
    capacity: f.count('capacity'),
  }),
  events: (f: Fields) => ({
    number: f.number('event_id'),
    venue: f.number('venue_id'),
    title: f.text('title', 200),
    type: f.text('event_type', 40),
    startsAt: f.time('event_date'),
    basePriceMinor: f.amount('base_price'),
    status: f.word('status', eventStatuses),
  }),
  // A section and a row stand in a seat's label, which has its limit.
  seats: (f: Fields) => ({
    number: f.number('seat_id'),
    event: f.number('event_id'),
    section: f.text('section', 24),
    row: f.text('row', 24),
    seatNumber: f.count('seat_number'),
    priceMinor: f.amount('price'),
  }),
  orders: (f: Fields) => ({
    number: f.number('order_id'),
    user: f.number('user_id'),
    event: f.number('event_id'),
    status: f.word('status', orderStatuses),
    paymentStatus: f.word('payment_status', paymentStatuses),
    totalMinor: f.amount('order_total'),
    createdAt: f.time('created_at'),
  }),
  tickets: (f: Fields) => ({
    number: f.number('ticket_id'),
    order: f.number('order_id'),
    event: f.number('event_id'),
    seat: f.number('seat_id'),
    pricePaidMinor: f.amount('price_paid'),
  }),
  payments: (f: Fields) => ({
    number: f.number('payment_id'),
    order: f.number('order_id'),
    amountMinor: f.amount('amount'),
    method: f.word('method', paymentMethods),
    status: f.word('status', paymentStatuses),
    reference: f.text('reference', 200),
    createdAt: f.time('created_at'),
  }),
}

export type Items = { [Name in keyof typeof readers]: ReturnType<(typeof readers)[Name]> }
