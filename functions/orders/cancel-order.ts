import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { drive } from './drive.ts'
import type { Order } from './order.ts'
import { refundOrder } from './refunds.ts'
import { claimOrder } from './store/due.ts'

/**
 * Cancels an order that waits for its payment, or gives a confirmed one back whole. Cancelling again gives the
 * order as it is. Throws `order-fixed` for an order that came to another end, or was imported as history.
 */
export async function cancelOrder(deps: Deps, order: Order): Promise<Order> {
  if (order.isImported)
    throw new Problem('order-fixed', 'An imported order is history', { status: order.status })
  if (order.status === 'CANCELLED' || order.closing === 'CANCELLED') return order
  if (['CONFIRMED', 'REFUNDING', 'REFUNDED'].includes(order.status)) return refundOrder(deps, order)
  if (order.status !== 'HELD' && order.status !== 'PENDING')
    throw new Problem('order-fixed', 'The order came to its end already', { status: order.status })
  // With means, somebody is charging at this moment, or will be; without, only its buyer can.
  const claimed = order.means ? await claimOrder(deps.database, order.id, deps.leaseSeconds) : order
  if (!claimed)
    throw new Problem('order-fixed', 'The order is being paid at this moment', {
      status: order.status,
    })
  return (await drive(deps, claimed, { type: 'cancel' })).order
}
