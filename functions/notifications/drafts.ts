import type { EventData } from '../../contracts/events.ts'
import type { accountMessages, Message } from '../../contracts/notifications.ts'
import type { Money } from '../../contracts/primitives.ts'
import { oneLine } from './words.ts'

type Order = EventData<'dev.boxoffice.order.refunded.v1'>
type Issued = EventData<'dev.boxoffice.tickets.issued.v1'>

export type Kind = Message['kind']

/** What a mail about tickets says, but for the codes: those lie sealed beside it. */
export type TicketsFacts = {
  eventTitle: string
  venueName: string
  city: string
  startsAt: string | null
  tickets: { ticketId: string; label: string }[]
}

/** What a mail about an order says. */
export type OrderFacts = {
  eventTitle: string
  status: string
  reason: string | null
  total: Money
  refunded: Money
  seats: { label: string; isRefunded: boolean }[]
}

/** A message before it has an id. */
export type Draft = {
  recipientId: string
  orderId: string
  orderVersion: number
  /** The order has no live tickets from here on. */
  isOver: boolean
  subject: string
  /** Kept sealed until it is sent. */
  secrets?: string[]
} & ({ kind: 'tickets'; facts: TicketsFacts } | { kind: OrderKind; facts: OrderFacts })

export type AccountKind = (typeof accountMessages)[number]
export type OrderKind = Exclude<Kind, 'tickets' | AccountKind>

/** The tickets of an order, once for ever. */
export function ticketsDraft(data: Issued): Draft {
  const eventTitle = oneLine(data.eventTitle)
  return {
    kind: 'tickets',
    recipientId: data.holderId,
    orderId: data.orderId,
    orderVersion: 0,
    isOver: false,
    subject: `Your tickets for ${eventTitle}`,
    facts: {
      eventTitle,
      venueName: oneLine(data.venueName),
      city: oneLine(data.city),
      startsAt: data.startsAt,
      tickets: data.tickets.map(({ ticketId, label }) => ({ ticketId, label: oneLine(label) })),
    },
    secrets: data.tickets.map(({ code }) => code),
  }
}

/** Says that an order was cancelled, or ran out. */
export const cancelledDraft = (order: Order): Draft => ({
  ...draftOf(order),
  kind: 'order-cancelled',
  orderVersion: 0,
  isOver: true,
  subject: `Your order for ${oneLine(order.eventTitle)} was cancelled`,
})

/** Says that the money of an order that failed is on its way back; undefined where none was taken. */
export function failedDraft(order: Order): Draft | undefined {
  if (!isMoneyComingBack(order)) return undefined
  return {
    ...draftOf(order),
    kind: 'order-failed',
    orderVersion: 0,
    isOver: true,
    subject: `Your order for ${oneLine(order.eventTitle)} failed: your money is on its way back`,
  }
}

/**
 * The one rule of who hears of a failure. Where nothing was taken (a declined card, a seat that was gone), the
 * buyer has had that answer already. These reasons come after the payment.
 */
const isMoneyComingBack = ({ reason, refunded }: Order): boolean =>
  refunded.amountMinor > 0 ||
  reason === 'seats-lost' ||
  reason === 'event-cancelled' ||
  (reason ?? '').startsWith('refunded')

/** Says what was refunded: one message for each refund of an order. */
export function refundedDraft(order: Order): Draft {
  const title = oneLine(order.eventTitle)
  const isOfEvent = order.reason === 'event-cancelled'
  return {
    ...draftOf(order),
    kind: isOfEvent ? 'event-cancelled' : 'order-refunded',
    orderVersion: order.version,
    isOver: order.status !== 'CONFIRMED',
    subject: isOfEvent
      ? `${title} is cancelled: your money is on its way back`
      : `Refund of your order for ${title}`,
  }
}

const draftOf = (order: Order) => ({
  recipientId: order.buyerId,
  orderId: order.orderId,
  facts: {
    eventTitle: oneLine(order.eventTitle),
    status: order.status,
    reason: order.reason,
    total: order.total,
    refunded: order.refunded,
    seats: order.lines.map(({ label, refunded }) => ({
      label: oneLine(label),
      isRefunded: refunded,
    })),
  },
})
