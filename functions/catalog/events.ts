import { ordersOfEvent } from '../../contracts/orders.ts'
import { CallFailed } from '../_runtime/calls.ts'
import type { Sql } from '../_runtime/database.ts'
import { newId } from '../_runtime/ids.ts'
import { isAdmin } from '../_runtime/on.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { recordAdmin } from './acts.ts'
import type { Deps } from './deps.ts'
import { ownerIdOf, ownEvent } from './ownership.ts'
import { raced, requireVersion, versionsOf } from './preconditions.ts'
import {
  deleteCancelled,
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
  const event = await telling(deps, 'updated', async (tx) => {
    const changed = await updateEvent(tx, claim, change)
    const after = { fields: Object.keys(request.change) }
    if (changed) await recordAdmin(tx, caller, { act: 'event.change', subject: id, after })
    return toldOf(changed)
  })
  if (event) return event

  const now = await ownEvent(deps, id, caller)
  requireVersion(now, claim.versions)
  refuseFixed(now, change)
  refuseTimes(now, change)
  if (change.venueId && !(await findVenue(deps.database, change.venueId)))
    throw noVenue(change.venueId)
  throw raced()
}

/**
 * Deletes a draft, and for an admin also a cancelled event that nobody ordered for. Throws `event-has-orders`, and
 * `event-fixed` for any other event.
 */
export async function deleteEvent(deps: Deps, caller: Caller, id: string): Promise<void> {
  const remove = (work: (tx: Sql) => Promise<boolean>, status: string) =>
    deps.database.transaction(async (tx) => {
      if (!(await work(tx))) return false
      await recordAdmin(tx, caller, { act: 'event.delete', subject: id, before: { status } })
      return true
    })
  if (await remove((tx) => deleteDraft(tx, id, ownerIdOf(caller)), 'DRAFT')) return
  const { status } = await ownEvent(deps, id, caller)
  if (isAdmin(caller)) {
    await refuseOrdered(deps, id, status)
    if (await remove((tx) => deleteCancelled(tx, id), 'CANCELLED')) return
  }
  throw new Problem('event-fixed', 'A published event stays; cancel it instead')
}

/**
 * Asks orders, since nobody else knows. No answer is no permission. Once orders knows that the event is cancelled,
 * it takes none for it any more; until then an order may still be on its way.
 */
async function refuseOrdered({ calls }: Deps, id: string, status: string): Promise<void> {
  const { body } = await calls(ordersOfEvent, { params: { id } }).catch((err: unknown) => {
    if (!(err instanceof CallFailed)) throw err
    throw new Problem('function-unreachable', 'orders did not say whether there are any', {}, err)
  })
  if (body.hasOrders)
    throw new Problem('event-has-orders', 'Somebody ordered for it; cancel it instead')
  if (status === 'CANCELLED' && !body.isCancelled)
    throw new Problem('busy', 'orders does not know yet that the event is cancelled; try again')
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
