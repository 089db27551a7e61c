import type { Deps } from './deps.ts'
import { drive } from './drive.ts'
import type { Order } from './order.ts'
import type { Input } from './saga.ts'
import { confirmedRows } from './store/events.ts'
import { claimDue } from './store/orders.ts'

const claimMax = 20

/** Takes up orders that were left standing, without their client's help; gives how many it moved on. */
export async function sweepOrders(deps: Deps): Promise<number> {
  const due = await claimDue(deps.database, claimMax, deps.leaseSeconds)
  const [confirmed, open] = [due.filter(isConfirmed), due.filter((order) => !isConfirmed(order))]
  await tellAgain(deps, confirmed)
  const moved = await Promise.allSettled(open.map((order) => drive(deps, order, inputFor(order))))
  for (const result of moved)
    if (result.status === 'rejected')
      deps.log.warn({ err: result.reason }, 'an order is taken up again later')
  return moved.filter(
    (result, i) => result.status === 'fulfilled' && result.value.order.status !== open[i]?.status,
  ).length
}

const isConfirmed = ({ status }: Order) => status === 'CONFIRMED'

/**
 * An order whose hold is surely over, or that waited for somebody to pay until then, is not charged any more:
 * first it is asked whether it was. This clock only chooses the question; seating's database decides.
 */
function inputFor(order: Order): Input {
  const isOver = order.holdExpiresAt !== null && order.holdExpiresAt.getTime() < Date.now()
  const waits = order.status === 'HELD' && (!order.means || order.payment?.nextActionUrl)
  return order.status === 'HELD' && (isOver || waits) ? { type: 'expired' } : { type: 'resume' }
}

/** Tickets has not answered: its event goes out again under the same id, until it does. */
async function tellAgain(deps: Deps, orders: Order[]): Promise<void> {
  if (orders.length === 0) return
  const rows = await confirmedRows(
    deps.database,
    orders.map(({ id }) => id),
  )
  await deps.outbox.again(
    deps.database,
    rows.map((row) => row.confirmed_outbox_id),
  )
  await deps.outbox.sweep()
}
