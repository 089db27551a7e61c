import type { EventData } from '../../contracts/events.ts'
import type { Reactions } from '../_runtime/receive.ts'
import type { Deps } from './deps.ts'
import { keepAvailability } from './store/availability.ts'

type Counts = { data: EventData<'dev.boxoffice.seats.soldout.v1'> }

/** The CloudEvents that catalog takes. Each carries the version of an event's seats, so none needs an inbox. */
export function createReactions({ database }: Deps, sweep: () => Promise<void>): Reactions {
  const keep =
    ({ isSoldOut, isSale }: { isSoldOut: boolean; isSale: boolean }) =>
    async ({ data }: Counts) =>
      void (await keepAvailability(database, data, isSoldOut, isSale))

  return {
    'dev.boxoffice.seats.generated.v1': keep({ isSoldOut: false, isSale: false }),
    'dev.boxoffice.seats.soldout.v1': keep({ isSoldOut: true, isSale: true }),
    'dev.boxoffice.seats.available.v1': keep({ isSoldOut: false, isSale: true }),
    'dev.knative.sources.ping': sweep,
  }
}
