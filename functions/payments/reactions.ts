import type { EventData } from '../../contracts/events.ts'
import type { Reactions } from '../_runtime/receive.ts'
import { Problem } from '../_runtime/problem.ts'
import { chargeOnce } from './charges.ts'
import type { Deps } from './deps.ts'

/** The CloudEvents that payments takes. A charge is idempotent by its order's id, so none needs an inbox. */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  return {
    'dev.boxoffice.payment.requested.v1': async ({ data }) => answerRequest(deps, data),
    'dev.knative.sources.ping': sweep,
  }
}

/**
 * An order over events: the answer is an event as well, declined or not. Where it was told before, whoever
 * asks again has not heard it: it is sent again, under its own id. Where the outcome is unknown the event is
 * delivered again later, and the same charge is met again.
 */
async function answerRequest(
  deps: Deps,
  order: EventData<'dev.boxoffice.payment.requested.v1'>,
): Promise<void> {
  const { row } = await chargeOnce(deps, { ...order, isAwaited: true })
  const { payment, told_type, told_id } = row
  if (payment?.status === 'PENDING' && !payment.nextAction)
    throw new Problem('time-limit', 'Whether the money was taken is not known yet')
  if (payment?.status !== 'PENDING' && told_type === null && told_id !== null)
    await deps.outbox.again(deps.database, [told_id])
}
