import type { Sources } from '../csv.ts'
import type { Name } from '../form.ts'
import {
  knownFirst,
  judgeRows,
  newOf,
  refer,
  referredTo,
  type Judged,
  type Known,
} from './verdicts.ts'

export type KnownOrder = Known & { seatIds: string[] }

/** What earlier imports left, by id. */
export type KnownSet = { [File in Exclude<Name, 'orders'>]: ReadonlyMap<string, Known> } & {
  orders: ReadonlyMap<string, KnownOrder>
}

/** Judges all files but the users, who are judged and written before: who refers to what, and to whom. */
export function judgeSet(users: Judged['users'], sources: Sources, known: KnownSet): Judged {
  const venues = judgeRows('venues', sources.venues, known.venues)
  const events = judgeRows('events', sources.events, known.events)
  const seats = judgeRows('seats', sources.seats, known.seats)
  const orders = judgeRows('orders', sources.orders, known.orders)
  const tickets = judgeRows('tickets', sources.tickets, known.tickets)
  const payments = judgeRows('payments', sources.payments, known.payments)
  const judged = { users, venues, events, seats, orders, tickets, payments }

  refer(events, 'venue', ({ venue }) => venue, venues)
  refer(seats, 'event', ({ event }) => event, events)
  refer(orders, 'user', ({ user }) => user, users)
  refer(orders, 'event', ({ event }) => event, events)
  refer(tickets, 'order', ({ order }) => order, orders)
  refer(tickets, 'seat', ({ seat }) => seat, seats)
  refer(payments, 'order', ({ order }) => order, orders)
  refuseStrayTickets(judged, known.orders)
  refuseSecondPayments(judged)
  return judged
}

/** A ticket belongs to one event, with its seat and its order; an order that is there already gets no more. */
function refuseStrayTickets({ tickets, orders, seats }: Judged, known: KnownSet['orders']): void {
  for (const { item, reasons } of newOf(tickets)) {
    const order = referredTo(orders, item.order)
    const seat = referredTo(seats, item.seat)
    if (order.item.event !== item.event || seat.item.event !== item.event)
      reasons.push('other-event')
    else if (order.isKnown && !known.get(order.id)?.seatIds.includes(seat.id))
      reasons.push('order-fixed')
  }
}

function refuseSecondPayments({ payments }: Judged): void {
  const paid = new Set<number>()
  for (const { item, isKnown, reasons } of payments.all.toSorted(knownFirst)) {
    if (reasons.length > 0) continue
    if (paid.has(item.order) && !isKnown) reasons.push('second-payment')
    paid.add(item.order)
  }
}
