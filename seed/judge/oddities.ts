import { priceOf } from '../../functions/orders/money.ts'
import type { Places } from './places.ts'
import type { Items } from './rows.ts'
import { acceptedOf, newOf, referredTo, type Judged, type Verdict } from './verdicts.ts'

/** Flags what was imported although it breaks a rule that sales here keep. */
export function flagOddities(judged: Judged, places: Places): void {
  flagEvents(judged, places)
  flagOrders(judged)
  flagPayments(judged)
}

/**
 * Tells the tickets that let somebody in: one a seat, of the order that has the seat. The others are flagged
 * with the reason. Call it once it is known who has which seat.
 */
export function liveTickets({ tickets, orders, seats }: Judged, places: Places): Set<string> {
  const live = new Set<string>()
  const given = new Set<number>()
  for (const { id, item, flags, isKnown } of acceptedOf(tickets)) {
    const order = referredTo(orders, item.order)
    // Cancelled with its order: it lets nobody in, and nothing is odd about it.
    if (order.item.status === 'CANCELLED') continue
    if (!isKnown) {
      const place = places.get(referredTo(seats, item.seat).id)
      if (order.item.status !== 'CONFIRMED') flags.push('order-not-confirmed')
      else if (place?.orderId !== order.id || given.has(item.seat)) flags.push('seat-sold-before')
    }
    if (flags.includes('order-not-confirmed') || flags.includes('seat-sold-before')) continue
    given.add(item.seat)
    live.add(id)
  }
  return live
}

function flagEvents({ events, venues, seats }: Judged, places: Places): void {
  const seatsOf = Map.groupBy(acceptedOf(seats), ({ item }) => item.event)
  for (const { item, flags } of newOf(events)) {
    const own = seatsOf.get(item.number) ?? []
    const isFull = own.every(({ id }) => places.get(id)?.status !== 'AVAILABLE')
    if (own.length === 0) flags.push('without-seats')
    if (own.length > referredTo(venues, item.venue).item.capacity) flags.push('over-capacity')
    if (item.status === 'SOLD_OUT' && !isFull) flags.push('sold-out-not-full')
  }
}

type Order = {
  order: Items['orders']
  user: Items['users']
  event: Items['events']
  linesMinor: number[]
  hasPayment: boolean
}

const isPaid = ({ order }: Order) => order.paymentStatus === 'SUCCESS'

/** Each rule with the flag of an order that breaks it. */
const orderOddities: Record<string, (order: Order) => boolean> = {
  'paid-not-confirmed': (given) => given.order.status === 'CREATED' && isPaid(given),
  'never-finished': (given) => given.order.status === 'CREATED' && !isPaid(given),
  'confirmed-without-payment': (given) => given.order.status === 'CONFIRMED' && !isPaid(given),
  'cancelled-but-paid': (given) => given.order.status === 'CANCELLED' && isPaid(given),
  'event-cancelled': ({ event }) => event.status === 'CANCELLED',
  'before-sale': ({ event }) => event.status === 'SCHEDULED',
  'before-user': ({ order, user }) => order.createdAt < user.createdAt,
  'after-event': ({ order, event }) => order.createdAt > event.startsAt,
  'total-differs': ({ order, linesMinor }) => order.totalMinor !== priceOf(linesMinor).totalMinor,
  'without-tickets': ({ linesMinor }) => linesMinor.length === 0,
  'without-payment': ({ hasPayment }) => !hasPayment,
}

function flagOrders({ users, events, orders, tickets, payments }: Judged): void {
  const ticketsOf = Map.groupBy(acceptedOf(tickets), ({ item }) => item.order)
  const paid = new Set(acceptedOf(payments).map(({ item }) => item.order))
  for (const { item: order, flags } of newOf(orders)) {
    const own = ticketsOf.get(order.number) ?? []
    const given = {
      order,
      user: referredTo(users, order.user).item,
      event: referredTo(events, order.event).item,
      linesMinor: own.map(({ item }) => item.pricePaidMinor),
      hasPayment: paid.has(order.number),
    }
    for (const [flag, isOdd] of Object.entries(orderOddities)) if (isOdd(given)) flags.push(flag)
  }
}

function flagPayments({ orders, payments }: Judged): void {
  const seen = new Map<string, Verdict<Items['payments']>>()
  for (const payment of acceptedOf(payments)) {
    const { item, flags, isKnown } = payment
    const isRepeated = seen.has(item.reference)
    seen.set(item.reference, payment)
    if (isKnown) continue
    const order = referredTo(orders, item.order).item
    if (item.amountMinor !== order.totalMinor) flags.push('amount-differs')
    if (item.status !== order.paymentStatus) flags.push('status-differs')
    if (isRepeated) flags.push('duplicate-reference')
  }
}
