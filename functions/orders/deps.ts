import type { Runtime } from '../_runtime/runtime.ts'
import type { Config } from './config.ts'
import { createNoteTickets } from './store/events.ts'
import { createLookUp, createPlace } from './store/place.ts'
import { createSettle } from './store/settle.ts'

/** What the use cases of orders work with. */
export type Deps = Runtime & {
  lookUp: ReturnType<typeof createLookUp>
  place: ReturnType<typeof createPlace>
  settle: ReturnType<typeof createSettle>
  noteTickets: ReturnType<typeof createNoteTickets>
  sagaMs: number
  leaseSeconds: number
  refundHoursBefore: number
  /** Counts orders by the state they came to. */
  counted: { inc(labels: { status: string }): void }
  /** Counts refunds that payments refused, or did not answer. */
  unpaid: { inc(labels: { reason: string }): void }
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const { database, metrics } = runtime
  return {
    ...runtime,
    lookUp: createLookUp(database),
    place: createPlace(database),
    settle: createSettle(database),
    noteTickets: createNoteTickets(database),
    sagaMs: config.SAGA_SECONDS * 1000,
    leaseSeconds: config.LEASE_SECONDS,
    refundHoursBefore: config.REFUND_HOURS_BEFORE,
    counted: metrics.counter('orders_total', 'Orders by the state they came to', ['status']),
    unpaid: metrics.counter(
      'refunds_unpaid_total',
      'Times that a refund was asked of payments in vain, refused or unanswered',
      ['reason'],
    ),
  }
}
