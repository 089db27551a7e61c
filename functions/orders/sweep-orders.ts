import { isPlanted } from '../_runtime/planted.ts'
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
 * What comes to an order that stands. Whether its hold is over is asked of seating, which alone knows: the
 * buyer may have extended it, and no other clock counts. An order that waits for its buyer waits as long as
 * its hold; one that is paid by a means of its own is not charged any more once its hold is over, but it is
 * asked whether it was.
 */
async function resume(deps: Deps, order: Order): Promise<Order> {
  if (order.status !== 'HELD' || order.closing)
    return (await drive(deps, order, { type: 'resume' })).order
  const expiresAt = await (isPlanted('expiry-by-process-clock')
    ? byOwnClock(order)
    : endOfHold(deps, order))
  if (expiresAt && waitsForBuyer(order)) {
    await keepHold(deps.database, order.id, expiresAt)
    return order
  }
  return (await drive(deps, order, inputFor(expiresAt))).order
}

/** The planted bug: a copy of the hold's time, held against this process's clock. */
const byOwnClock = ({ holdExpiresAt }: Order) =>
  holdExpiresAt && holdExpiresAt.getTime() > Date.now() ? holdExpiresAt : null

function inputFor(expiresAt: Date | null | undefined): Input {
  if (expiresAt === undefined) return { type: 'unknown' }
  return expiresAt === null ? { type: 'expired' } : { type: 'resume' }
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
