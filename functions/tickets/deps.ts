import type { Runtime } from '../_runtime/runtime.ts'
import type { Config } from './config.ts'
import { createFollowOrder } from './store/follow-orders.ts'

/** What the use cases of tickets work with. */
export type Deps = Runtime & {
  ticketKey: string
  follow: ReturnType<typeof createFollowOrder>
  issued: { inc(tickets: number): void }
  /** Counts orders whose tickets could not be issued. */
  refused: { inc(labels: { reason: string }): void }
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const { database, metrics } = runtime
  return {
    ...runtime,
    ticketKey: config.TICKET_KEY,
    follow: createFollowOrder(database),
    issued: metrics.counter('tickets_issued_total', 'Tickets that were issued', []),
    refused: metrics.counter(
      'tickets_refused_total',
      'Orders whose tickets could not be issued, by reason',
      ['reason'],
    ),
  }
}
