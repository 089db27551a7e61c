import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { drive } from './drive.ts'
import { waitsForBuyer, type Order } from './order.ts'
import { refundOrder } from './refunds.ts'
import { isOver } from './saga.ts'
import { claimOrder } from './store/due.ts'

const triesMax = 3

/**
 * Cancels an order that waits for its payment, or gives a confirmed one back whole. Cancelling again gives the
 * order as it is. Throws `order-fixed` for an order that came to another end, is being paid, or was imported.
 */
export async function cancelOrder(deps: Deps, order: Order): Promise<Order> {
  if (order.isImported)
    throw new Problem('order-fixed', 'An imported order is history', {
      orderStatus: order.status,
    })
  let latest = order
  // Others may move it meanwhile: then what can be cancelled is what it has become.
  for (let tries = 0; tries < triesMax; tries++) {
    if (latest.status === 'CANCELLED' || latest.closing === 'CANCELLED') return latest
    if (['CONFIRMED', 'REFUNDING', 'REFUNDED'].includes(latest.status))
      return refundOrder(deps, latest)
    if (latest.closing || isOver(latest))
      throw new Problem('order-fixed', 'The order came to its end already', {
        orderStatus: latest.status,
      })
    latest = await cancelOpen(deps, latest)
  }
  throw beingPaid(latest)
}

async function cancelOpen(deps: Deps, order: Order): Promise<Order> {
  // A held order that does not wait for its buyer is being charged at this moment, or will be.
  const claimed =
    order.status === 'PENDING' || waitsForBuyer(order)
      ? order
      : await claimOrder(deps.database, order.id, deps.leaseSeconds)
  if (claimed?.status !== 'HELD' && claimed?.status !== 'PENDING') throw beingPaid(order)
  return (await drive(deps, claimed, { type: 'cancel' })).order
}

const beingPaid = ({ status }: Order) =>
  new Problem('order-fixed', 'The order is being paid at this moment; look at it and try again', {
    orderStatus: status,
  })
