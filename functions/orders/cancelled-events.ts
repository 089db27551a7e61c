import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { drive } from './drive.ts'
import { refundOrder } from './refunds.ts'
import { findCancelled, findWaiting } from './store/cancelled.ts'
import { findOrder } from './store/orders.ts'

const batchMax = 50

/**
 * Begins the refunds of confirmed orders whose event was cancelled, each once, and ends the orders that still wait for
 * their buyer; gives how many. Whoever dies in the middle leaves the rest to the next sweep, of any instance: what
 * was begun is no longer found here, and its refund is asked for until it is answered.
 */
export async function settleCancelled(deps: Deps): Promise<number> {
  const [confirmed, waiting] = await Promise.all([
    findCancelled(deps.database, batchMax),
    findWaiting(deps.database, batchMax),
  ])
  const results = await Promise.allSettled([
    ...confirmed.map(async ({ id }) => {
      const order = await findOrder(deps.database, id)
      return order && refundOrder(deps, order, { reason: 'event-cancelled' })
    }),
    ...waiting.map((order) => drive(deps, order, { type: 'event-cancelled' })),
  ])
  for (const result of results)
    if (result.status === 'rejected')
      deps.log.warn({ err: result.reason }, 'an order of a cancelled event is taken up again later')
  return results.filter(({ status }) => status === 'fulfilled').length
}

/** A delivery may take 30 s, also on a busy machine. */
const batchesMax = 10

/**
 * As much of it as one delivery may take. Throws `busy` where more is left, so that the Broker delivers again and
 * keeps an instance awake; a batch of which nothing succeeds is left to the sweep.
 */
export async function settleSomeCancelled(deps: Deps): Promise<void> {
  for (let i = 0; i < batchesMax; i++) if ((await settleCancelled(deps)) === 0) return
  throw new Problem('busy', 'More orders of cancelled events are still to be given back')
}
