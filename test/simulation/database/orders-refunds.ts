import type { OrdersTables } from './orders-rows.ts'
import { toldOf } from './outbox.ts'
import { after, by, secondsSince, type Engine, type Row } from './tables.ts'

/** store/refunds.ts of orders. */
export function orderRefundStatements(tables: OrdersTables): Engine['statements'] {
  const { orders, events, refunds } = tables
  const isPendingOf = (orderId: string) => (refund: Row) =>
    refund.order_id === orderId && refund.status === 'PENDING'
  const shown = ({ id, order_id, places, amount_minor, status }: Row) => ({
    id,
    order_id,
    places,
    status,
    amount_minor: String(amount_minor),
  })

  return {
    'refund-begin': ([id, orderId, version, places, amount_minor, isWhole, reason], now) => {
      const order = orders.get(orderId)
      const mayBegin =
        order?.version === version &&
        order?.status === 'CONFIRMED' &&
        !refunds.some(isPendingOf(orderId))
      if (!mayBegin || !order) return []
      orders.change(orderId, {
        status: isWhole ? 'REFUNDING' : order.status,
        version: version + 1,
        reason: reason ?? order.reason,
        due_at: isWhole ? null : order.due_at,
      })
      if (refunds.get(id)) return []
      refunds.put(id, {
        id,
        order_id: orderId,
        places,
        amount_minor,
        status: 'PENDING',
        attempts: 0,
        due_at: after(now, 30),
        created_at: now,
      })
      return [{ id }]
    },
    'refund-finish': (values, now) => finish(tables, values, now),
    'refunds-claim': ([limit], now) =>
      refunds
        .where(({ status, due_at }) => status === 'PENDING' && due_at <= now)
        .toSorted(by('due_at'))
        .slice(0, limit)
        .map(({ id, attempts, created_at }) =>
          shown(
            refunds.change(id, {
              attempts: attempts + 1,
              due_at: after(now, Math.min(600, Math.max(10, secondsSince(created_at, now) / 20))),
            }),
          ),
        ),
    'refund-pending': ([orderId]) => refunds.where(isPendingOf(orderId)).map(shown),
    'orders-of-cancelled': ([limit]) =>
      orders
        .where(
          ({ id, event_id, status, is_imported }) =>
            events.get(event_id)?.status === 'CANCELLED' &&
            status === 'CONFIRMED' &&
            !is_imported &&
            !refunds.some(isPendingOf(id)),
        )
        .slice(0, limit)
        .map(({ id }) => ({ id })),
  }
}

function finish(tables: OrdersTables, values: any[], now: Date): Row[] {
  const { orders, order_lines, refunds, tell } = tables
  const [id, payment_status] = values
  const refund = refunds.get(id)
  if (refund?.status !== 'PENDING') return []
  refunds.change(id, { status: 'DONE' })
  const { order_id, places, amount_minor } = refund
  for (const place of places) order_lines.change(`${order_id}/${place}`, { is_refunded: true })
  const order = orders.get(order_id) as Row
  orders.change(order_id, {
    refunded_minor: order.refunded_minor + amount_minor,
    payment_status,
    status: order.status === 'REFUNDING' ? 'REFUNDED' : order.status,
    version: order.version + 1,
  })
  tell(toldOf(values.slice(2)), now)
  return [{ id: order_id }]
}
