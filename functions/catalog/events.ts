import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { Deps } from './deps.ts'
import { ownerIdOf, ownEvent } from './ownership.ts'
import { raced, requireVersion, versionsOf } from './preconditions.ts'
import {
  deleteDraft,
  insertEvent,
  updateEvent,
  type EventChange,
  type EventDraft,
  type EventRow,
} from './store/events.ts'
import { findVenue } from './store/venues.ts'
import { telling, toldOf } from './telling.ts'
import { inUtc } from './times.ts'

/** Drafts an event: nobody but its organizer knows of it yet. Throws `invalid-request` for an unknown venue. */
export async function draftEvent(
  { database }: Deps,
  organizerId: string,
  draft: EventDraft,
): Promise<EventRow> {
  const event = await insertEvent(database, newId(), organizerId, inUtc('#', draft, times))
  if (!event) throw noVenue(draft.venueId)
  return event
}

/**
 * Changes what is given. Throws `version-stale` where If-Match names another version, and `event-fixed` for a
 * cancelled event and for what was fixed when the event was published.
 */
export async function changeEvent(
  deps: Deps,
  caller: Caller,
  request: { id: string; ifMatch: string | undefined; change: EventChange },
): Promise<EventRow> {
  const { id, ifMatch } = request
  const change = inUtc('#', request.change, times)
  const claim = { id, ownerId: ownerIdOf(caller), versions: versionsOf(ifMatch) }
  const event = await telling(deps, 'updated', async (tx) =>
    toldOf(await updateEvent(tx, claim, change)),
  )
  if (event) return event

  const now = await ownEvent(deps, id, caller)
  requireVersion(now, claim.versions)
  refuseFixed(now, change)
  refuseTimes(now, change)
  if (change.venueId && !(await findVenue(deps.database, change.venueId)))
    throw noVenue(change.venueId)
  throw raced()
}

/** Throws `event-fixed` for anything but a draft. */
export async function deleteEvent(deps: Deps, caller: Caller, id: string): Promise<void> {
  if (await deleteDraft(deps.database, id, ownerIdOf(caller))) return
  await ownEvent(deps, id, caller)
  throw new Problem('event-fixed', 'A published event stays; cancel it instead')
}

const times = ['startsAt', 'endsAt', 'onSaleAt'] as const
const fixedFields = ['venueId', 'currency', 'prices'] as const

function refuseFixed({ status }: EventRow, change: EventChange): void {
  if (status === 'CANCELLED') throw new Problem('event-fixed', 'The event is cancelled')
  const fields = fixedFields.filter((field) => change[field] !== undefined)
  if (status !== 'DRAFT' && fields.length > 0)
    throw new Problem('event-fixed', `Fixed since the event was published: ${fields.join(', ')}`, {
      fields,
    })
}

function refuseTimes(event: EventRow, { startsAt, endsAt }: EventChange): void {
  const [start, end] = [startsAt ?? event.starts_at, endsAt ?? event.ends_at]
  if (new Date(start) < new Date(end)) return
  const errors = [{ pointer: '#/endsAt', detail: 'must be after startsAt' }]
  throw new Problem('invalid-request', 'The event would end before it starts', { errors })
}

function noVenue(id: string): Problem {
  const errors = [{ pointer: '#/venueId', detail: 'there is no such venue' }]
  return new Problem('invalid-request', `There is no venue ${id}`, { errors })
}
