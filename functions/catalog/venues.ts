import { capacityOf, type Layout } from '../../contracts/layouts.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { recordAdmin } from './acts.ts'
import type { Deps } from './deps.ts'
import { isOwn, ownerIdOf } from './ownership.ts'
import { raced, requireVersion, versionsOf } from './preconditions.ts'
import {
  findVenue,
  insertVenue,
  removeVenue,
  renameEvents,
  updateVenue,
  type VenueChange,
  type VenueRow,
} from './store/venues.ts'
import { telling } from './telling.ts'

export const addVenue = (
  { database }: Deps,
  organizerId: string,
  venue: { name: string; city: string; layout: Layout },
): Promise<VenueRow> =>
  insertVenue(database, {
    ...venue,
    id: newId(),
    organizerId,
    capacity: capacityOf(venue.layout),
  })

export async function readVenue({ database }: Deps, id: string): Promise<VenueRow> {
  const venue = await findVenue(database, id)
  if (!venue) throw new Problem('not-found', `There is no venue ${id}`)
  return venue
}

/**
 * Changes what is given. A new name or city reaches the venue's events at once, and those who know of them; a
 * new layout reaches only events that are published from now on. Throws `version-stale` where If-Match names
 * another version.
 */
export async function changeVenue(
  deps: Deps,
  caller: Caller,
  { id, ifMatch, change }: { id: string; ifMatch: string | undefined; change: VenueChange },
): Promise<VenueRow> {
  const claim = { id, ownerId: ownerIdOf(caller), versions: versionsOf(ifMatch) }
  const capacity = change.layout && capacityOf(change.layout)
  const venue = await telling(deps, 'updated', async (tx) => {
    const result = await updateVenue(tx, claim, { ...change, capacity })
    const after = { fields: Object.keys(change) }
    if (result) await recordAdmin(tx, caller, { act: 'venue.change', subject: id, after })
    const renamed = result ? await renameEvents(tx, result) : []
    return { result, told: renamed.filter(({ status }) => isAwaited.has(status)) }
  })
  if (venue) return venue

  requireVersion(await ownVenue(deps, id, caller), claim.versions)
  throw raced()
}

/** What is over, cancelled or still a draft is no news to anybody. */
const isAwaited = new Set(['SCHEDULED', 'ON_SALE', 'SOLD_OUT'])

/** Throws `venue-in-use` for a venue with events, drafts and past ones included. */
export async function deleteVenue(deps: Deps, caller: Caller, id: string): Promise<void> {
  const outcome = await deps.database.transaction(async (tx) => {
    const removed = await removeVenue(tx, id, ownerIdOf(caller))
    if (removed === 'removed') await recordAdmin(tx, caller, { act: 'venue.delete', subject: id })
    return removed
  })
  if (outcome === 'removed') return
  if (outcome === 'in use') throw new Problem('venue-in-use', 'The venue has events')
  await ownVenue(deps, id, caller)
  throw raced()
}

async function ownVenue(deps: Deps, id: string, caller: Caller): Promise<VenueRow> {
  const venue = await readVenue(deps, id)
  if (!isOwn(venue, caller))
    throw new Problem('forbidden', 'Only its organizer or an admin may change a venue')
  return venue
}
