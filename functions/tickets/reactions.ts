import type { EventData } from '../../contracts/events.ts'
import type { Reactions } from '../_runtime/receive.ts'
import type { Deps } from './deps.ts'
import { followOrder, issueTickets } from './issue.ts'
import { keepEvent } from './store/events.ts'

/** The CloudEvents that tickets takes. Each effect is idempotent by its version, so none needs an inbox. */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  // A cancelled event ends no ticket by itself: the refunds of its orders do.
  const keep = async ({ data }: { data: EventData<'dev.boxoffice.event.updated.v1'> }) =>
    keepEvent(deps.database, data)
  const follow = async ({ data }: { data: EventData<'dev.boxoffice.order.refunded.v1'> }) =>
    void (await followOrder(deps, data))

  return {
    'dev.boxoffice.event.created.v1': keep,
    'dev.boxoffice.event.updated.v1': keep,
    'dev.boxoffice.event.cancelled.v1': keep,
    'dev.boxoffice.order.confirmed.v1': async ({ data }) => issueTickets(deps, data),
    'dev.boxoffice.order.cancelled.v1': follow,
    'dev.boxoffice.order.failed.v1': follow,
    'dev.boxoffice.order.refunded.v1': follow,
    'dev.knative.sources.ping': sweep,
  }
}
