import type { Deps } from './deps.ts'
import { drive } from './drive.ts'
import { waitsForBuyer, type Order } from './order.ts'
import type { Input } from './saga.ts'
import { endOfHold } from './steps.ts'
import { confirmedRows } from './store/events.ts'
import { claimDue, keepHold } from './store/due.ts'

const claimMax = 20

/** Takes up orders that were left standing, without their client's help; gives how many it moved on. */
export async function sweepOrders(deps: Deps): Promise<number> {
  const due = await claimDue(deps.database, claimMax, deps.leaseSeconds)
  const [confirmed, open] = [due.filter(isConfirmed), due.filter((order) => !isConfirmed(order))]
  await tellAgain(deps, confirmed)
  const moved = await Promise.allSettled(open.map((order) => resume(deps, order)))
  for (const result of moved)
    if (result.status === 'rejected')
      deps.log.warn({ err: result.reason }, 'an order is taken up again later')
  return moved.filter(
    (result, i) => result.status === 'fulfilled' && result.value.status !== open[i]?.status,
  ).length
}

const isConfirmed = ({ status }: Order) => status === 'CONFIRMED'

/**
 * What comes to an order that stands. One that waits for its buyer waits as long as its hold, and only seating
 * knows how long that is: its buyer may have extended it. One that is paid by a means of its own is not charged
 * any more once its hold is over by this clock; it is asked first whether it was.
 */
async function resume(deps: Deps, order: Order): Promise<Order> {
  if (!waitsForBuyer(order)) return (await drive(deps, order, inputFor(order))).order
  const expiresAt = await endOfHold(deps, order)
  if (expiresAt) {
    await keepHold(deps.database, order.id, expiresAt)
    return order
  }
  const input = { type: expiresAt === null ? 'expired' : 'unknown' } as const
  return (await drive(deps, order, input)).order
}

function inputFor({ status, closing, holdExpiresAt }: Order): Input {
  const isOver = holdExpiresAt !== null && holdExpiresAt.getTime() < Date.now()
  return status === 'HELD' && !closing && isOver ? { type: 'expired' } : { type: 'resume' }
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
