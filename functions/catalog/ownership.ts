import { isAdmin, userOf } from '../_runtime/on.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'
import { findEvent, type EventRow } from './store/events.ts'

/** As the statements want it: null for an admin, who may change anybody's. */
export const ownerIdOf = (caller: Caller): string | null =>
  isAdmin(caller) ? null : userOf(caller).id

export const isOwn = (thing: { organizer_id: string | null }, caller: Caller): boolean =>
  isAdmin(caller) || (caller.kind === 'user' && caller.id === thing.organizer_id)

/** Throws `not-found` also for the draft of somebody else: that it exists is private. */
export async function visibleEvent({ database }: Deps, id: string, caller: Caller) {
  const event = await findEvent(database, id)
  if (!event || (event.status === 'DRAFT' && !isOwn(event, caller)))
    throw new Problem('not-found', `There is no event ${id}`)
  return event
}

/** Throws `not-found`, or `forbidden` for an announced event of somebody else. */
export async function ownEvent(deps: Deps, id: string, caller: Caller): Promise<EventRow> {
  const event = await visibleEvent(deps, id, caller)
  if (!isOwn(event, caller))
    throw new Problem('forbidden', 'Only its organizer or an admin may change an event')
  return event
}
