import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { takeBack, type AllocationRequest } from './store/allocations.ts'

/**
 * Turns a paid order's hold into sold seats. Throws `seats-lost` where somebody else has one of them by now,
 * `event-not-on-sale` where the event was cancelled.
 */
export async function sellSeats(deps: Deps, request: AllocationRequest): Promise<void> {
  failpoint('seating.before-allocate')
  const outcome = await deps.allocate(request)
  failpoint('seating.allocated')
  if (outcome === 'lost')
    throw new Problem('seats-lost', 'Somebody else has a seat of this order by now')
  if (outcome === 'cancelled') throw new Problem('event-not-on-sale', 'The event was cancelled')
  deps.guard.markSold(request.eventId, request.holdId, request.seatIds)
  deps.changes.tell(request.eventId, request.seatIds, 'SOLD')
  deps.availability.changed(request.eventId)
}

/** Frees what an order had: sold seats that were given back, and what its hold still keeps. */
export async function takeSeatsBack(
  deps: Deps,
  order: { orderId: string; eventId: string; holdId: string; seatIds: string[] },
): Promise<void> {
  failpoint('seating.before-take-back')
  const freed = await takeBack(deps.database, order.orderId, order.seatIds)
  failpoint('seating.taken-back')
  if (freed.length === 0) return
  const seatIds = freed.map(({ id }) => id)
  deps.guard.giveBack(order.eventId, order.holdId, seatIds)
  deps.changes.tell(order.eventId, seatIds, 'AVAILABLE')
  deps.availability.changed(order.eventId)
}
