import { windowKey } from '../_runtime/admission.ts'
import { newId } from '../_runtime/ids.ts'
import { readKinds, type PersonalDataOf } from '../_runtime/personal-data.ts'
import type { Deps } from './deps.ts'
import { admissionKey, queueKeys } from './queue.ts'
import { withScripts } from './queue-scripts.ts'
import { findQueues, forgetOrganizer, renameJoin, shownKinds } from './store/personal.ts'

const queuesAtOnce = 100

/** His places stay, so that nobody else's moves; a stranger who never comes stands in them. */
export const personalData = (deps: Deps): PersonalDataOf => ({
  show: (userId) => readKinds(deps.database, userId, shownKinds),
  async forget(userId) {
    for (;;) {
      const queues = await findQueues(deps.database, userId, queuesAtOnce)
      for (const { event_id } of queues) await leave(deps, event_id, userId)
      if (queues.length < queuesAtOnce) break
    }
    await forgetOrganizer(deps.database, userId)
  },
})

/** Redis first, which throws `busy` where it is away: the journal says until then where he is to be found. */
async function leave(deps: Deps, eventId: string, userId: string): Promise<void> {
  const name = newId()
  const { early, late } = queueKeys(eventId)
  const own = [admissionKey(eventId, userId), windowKey(eventId, userId)]
  await deps.queue.ask((client) =>
    withScripts(client).renameInQueue(early, late, ...own, userId, name),
  )
  await renameJoin(deps.database, { eventId, userId, name })
}
