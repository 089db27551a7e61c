import type * as contract from '../../contracts/orders.ts'
import type { EventData } from '../../contracts/events.ts'
import type { Order } from './order.ts'
import { outlookOf } from './outlook.ts'

/** An order as the contract shows it. */
export function presentOrder(order: Order): contract.Order {
  const money = (amountMinor: number) => ({ amountMinor, currency: order.currency })
  return {
    id: order.id,
    status: order.status,
    reason: order.reason,
    next: outlookOf(order),
    eventId: order.eventId,
    eventTitle: order.eventTitle,
    startsAt: order.startsAt?.toISOString() ?? null,
    // field by field: the same order gives the same text, wherever it comes from
    lines: order.lines.map((line) => ({
      seatId: line.seatId,
      label: line.label,
      section: line.section,
      row: line.row,
      number: line.number,
      price: money(line.priceMinor),
      refunded: line.isRefunded,
    })),
    subtotal: money(order.subtotalMinor),
    tax: money(order.taxMinor),
    total: money(order.totalMinor),
    refunded: money(order.refundedMinor),
    payment: order.payment && {
      id: order.payment.id,
      status: order.payment.status,
      nextAction:
        order.payment.nextActionUrl === null ? null : { url: order.payment.nextActionUrl },
    },
    holdId: order.holdId,
    holdExpiresAt: order.holdExpiresAt?.toISOString() ?? null,
    createdAt: order.createdAt.toISOString(),
    confirmedAt: order.confirmedAt?.toISOString() ?? null,
    ticketsIssued: order.areTicketsIssued,
    imported: order.isImported,
    version: order.version,
  }
}

/** An order as its CloudEvents tell of it. */
export const snapshotOf = (order: Order): EventData<'dev.boxoffice.order.confirmed.v1'> => ({
  orderId: order.id,
  version: order.version,
  status: order.status,
  reason: order.reason,
  eventId: order.eventId,
  eventTitle: order.eventTitle,
  buyerId: order.buyerId,
  holdId: order.holdId,
  lines: order.lines.map(({ seatId, label, priceMinor, isRefunded }) => ({
    seatId,
    label,
    priceMinor,
    refunded: isRefunded,
  })),
  total: { amountMinor: order.totalMinor, currency: order.currency },
  refunded: { amountMinor: order.refundedMinor, currency: order.currency },
})
