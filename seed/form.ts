/** The seven files of a data set, in the order in which one refers to another, with their columns. */
export const form = {
  users: ['user_id', 'name', 'email', 'phone', 'created_at'],
  venues: ['venue_id', 'name', 'city', 'capacity'],
  events: ['event_id', 'venue_id', 'title', 'event_type', 'event_date', 'base_price', 'status'],
  seats: ['seat_id', 'event_id', 'section', 'row', 'seat_number', 'price'],
  orders: [
    'order_id',
    'user_id',
    'event_id',
    'status',
    'payment_status',
    'order_total',
    'created_at',
  ],
  tickets: ['ticket_id', 'order_id', 'event_id', 'seat_id', 'price_paid'],
  payments: ['payment_id', 'order_id', 'amount', 'method', 'status', 'reference', 'created_at'],
} as const

export type Name = keyof typeof form

export const names = Object.keys(form) as Name[]

/** A row by its columns, as text. */
export type Row = Record<string, string>

export const fileOf = (name: Name): string => `etsr_${name}.csv`

export const eventStatuses = ['SCHEDULED', 'ON_SALE', 'SOLD_OUT', 'CANCELLED', 'COMPLETED'] as const
export const orderStatuses = ['CREATED', 'CONFIRMED', 'CANCELLED'] as const
export const paymentStatuses = ['SUCCESS', 'PENDING', 'FAILED', 'REFUNDED'] as const
export const paymentMethods = ['CARD', 'UPI', 'NETBANKING', 'WALLET'] as const
