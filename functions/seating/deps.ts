import type { Runtime } from '../_runtime/runtime.ts'
import { createAvailability, type Availability } from './availability.ts'
import { createChanges, type Changes } from './changes.ts'
import { createHoldBest, type HoldBest } from './best-holds.ts'
import type { Config } from './config.ts'
import { createGuard, type Guard } from './guard.ts'
import { createAllocate } from './store/allocations.ts'
import { createEndHold, createEndHoldForEver } from './store/end-holds.ts'
import { createPlaceHold } from './store/place-hold.ts'
import { createReadStatuses } from './store/seats.ts'

/** What the use cases of seating work with. */
export type Deps = Runtime & {
  guard: Guard
  changes: Changes
  availability: Availability
  holdBest: HoldBest
  placeHold: ReturnType<typeof createPlaceHold>
  allocate: ReturnType<typeof createAllocate>
  endHold: ReturnType<typeof createEndHold>
  endHoldForEver: ReturnType<typeof createEndHoldForEver>
  readStatuses: ReturnType<typeof createReadStatuses>
  holdSeconds: number
  holdSecondsMax: number
  seatsPerHoldMax: number
  seatsPerBuyerMax: number
  /** Counts holds that were refused. */
  refused: { inc(labels: { reason: string }): void }
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  return {
    ...runtime,
    guard: createGuard(runtime.redis),
    changes: createChanges(runtime.redis),
    availability: createAvailability(runtime),
    holdBest: createHoldBest(),
    placeHold: createPlaceHold(runtime.database),
    allocate: createAllocate(runtime.database),
    endHold: createEndHold(runtime.database),
    endHoldForEver: createEndHoldForEver(runtime.database),
    readStatuses: createReadStatuses(runtime.database),
    holdSeconds: config.HOLD_SECONDS,
    holdSecondsMax: config.HOLD_SECONDS_MAX,
    seatsPerHoldMax: config.SEATS_PER_HOLD_MAX,
    seatsPerBuyerMax: config.SEATS_PER_BUYER_MAX,
    refused: runtime.metrics.counter(
      'seat_reservations_failed_total',
      'Holds that were refused, by the code of the problem',
      ['reason'],
    ),
  }
}
