import type { createBase } from './outbox.ts'
import { by, type Row, type Table } from './tables.ts'

/** The tables of orders' own. */
export type OrdersTables = Record<
  'events' | 'orders' | 'order_lines' | 'kept_answers' | 'refunds',
  Table
> & { tell: ReturnType<typeof createBase>['tell'] }

/** An order with its lines, in the columns of store/orders.ts. */
export function shown({ order_lines, refunds }: OrdersTables, order: Row): Row {
  const { due_at: _1, confirmed_outbox_id: _2, external_id: _3, imported: _4, ...row } = order
  const lines = order_lines.where((line) => line.order_id === order.id).toSorted(by('place'))
  return {
    ...row,
    subtotal_minor: String(row.subtotal_minor),
    tax_minor: String(row.tax_minor),
    total_minor: String(row.total_minor),
    refunded_minor: String(row.refunded_minor),
    is_refund_due:
      refunds.where(({ order_id, status }) => order_id === order.id && status === 'PENDING')
        .length > 0,
    lines: lines.map((line) => ({
      seatId: line.seat_id,
      label: line.label,
      section: line.section,
      row: line.row,
      number: line.number,
      priceMinor: line.price_minor,
      isRefunded: line.is_refunded,
    })),
  }
}
