import type { EventData } from '../../contracts/events.ts'
import type { Reactions } from '../_runtime/receive.ts'
import type { Deps } from './deps.ts'
import { publishHot } from './rooms.ts'
import { keepEvent } from './store/events.ts'

/** The CloudEvents that the waiting room takes. Each effect is idempotent by its version, so none needs an inbox. */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  const keep = async ({ data }: { data: EventData<'dev.boxoffice.event.updated.v1'> }) => {
    await keepEvent(deps.database, data)
    deps.rooms.forget(data.eventId)
    await publishHot(deps)
  }
  return {
    'dev.boxoffice.event.created.v1': keep,
    'dev.boxoffice.event.updated.v1': keep,
    'dev.boxoffice.event.cancelled.v1': keep,
    'dev.knative.sources.ping': sweep,
  }
}
