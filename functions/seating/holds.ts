import type { Hold } from '../../contracts/seating.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import { takeSeatsBack } from './allocations.ts'
import type { Deps } from './deps.ts'
import { holdSeats, presentHold, type Wish } from './hold-seats.ts'
import { expireHolds, type Freed } from './store/end-holds.ts'
import { bindHold, findHold, lengthenHold, type HoldRow } from './store/holds.ts'
import { idsOfLabels } from './store/seats.ts'

/**
 * Holds all the seats that were chosen, or none. Throws `seat-taken` with each seat and why,
 * `not-enough-seats`, `buyer-limit`, `event-not-on-sale` or `not-found`.
 */
export async function placeHold(deps: Deps, wish: Wish): Promise<Hold> {
  const { choice, eventId } = wish
  const count = choice.quantity ?? choice.seatIds?.length ?? choice.seats?.length ?? 0
  try {
    if (count > deps.seatsPerHoldMax) throw tooMany(deps.seatsPerHoldMax)
    if (choice.quantity !== undefined) return await deps.holdBest(deps, wish)
    const seatIds = choice.seatIds ?? (await idsNamed(deps, eventId, choice.seats ?? []))
    return await holdSeats(deps, wish, seatIds)
  } catch (err) {
    if (err instanceof Problem) deps.refused.inc({ reason: err.code })
    throw err
  }
}

const tooMany = (seatsMax: number) =>
  new Problem('invalid-request', `One hold takes ${seatsMax} seats at most`, { seatsMax })

async function idsNamed({ database }: Deps, eventId: string, labels: string[]): Promise<string[]> {
  const ids = await idsOfLabels(database, eventId, labels)
  const unknown = labels.filter((_, i) => !ids[i])
  if (unknown.length > 0)
    throw new Problem('not-found', `The event has no seat ${unknown.join(', ')}`, {
      seats: unknown.map((label) => ({ label, reason: 'UNKNOWN' })),
    })
  return ids.filter((id) => id !== null)
}

/** Lets an order have the hold that its buyer placed before; the prices stay those of the hold. */
export async function adoptHold(
  { database }: Deps,
  hold: { id: string; buyerId: string; orderId: string; eventId: string },
): Promise<Hold> {
  const bound = await bindHold(database, hold)
  if (!bound)
    throw new Problem('hold-lost', 'The hold is over, is not yours, or belongs to another order')
  return presentHold(bound)
}

/** Ends a buyer's hold. Throws `not-found` for one that is over or another's, `hold-bound` for an order's. */
export async function releaseHold(deps: Deps, id: string, buyerId: string): Promise<void> {
  const freed = await deps.endHold(id, buyerId)
  if (freed) return afterFreed(deps, [freed])
  const hold = await findHold(deps.database, id)
  if (hold?.is_live && hold.buyer_id === buyerId)
    throw new Problem('hold-bound', 'Cancel the order instead', { orderId: hold.order_id })
  throw new Problem('not-found', 'You have no such hold')
}

/**
 * Ends the hold of an order that came to nothing or was given back, for ever, and takes back what was sold of it. An
 * allocation of that order which is still on its way finds nothing any more. Another's hold stays as it is.
 */
export async function giveUpHold(deps: Deps, id: string, orderId: string): Promise<void> {
  failpoint('seating.before-release')
  const ended = await deps.endHoldForEver(id, orderId)
  failpoint('seating.released')
  if (!ended) return
  afterFreed(deps, [ended])
  // A statement of its own: the first may have waited for an allocation, which its snapshot does not show.
  const { event_id: eventId, wanted_ids: seatIds } = ended
  await takeSeatsBack(deps, { orderId, eventId, holdId: id, seatIds })
}

/** Gives the hold its full time again. Throws `hold-not-extendable` the second time. */
export async function extendHold(deps: Deps, id: string, buyerId: string): Promise<Hold> {
  const { database, holdSeconds: seconds, holdSecondsMax: secondsMax } = deps
  const isLonger = await lengthenHold(database, { id, buyerId, seconds, secondsMax })
  const hold = await findHold(database, id)
  if (!hold || hold.buyer_id !== buyerId) throw new Problem('not-found', 'You have no such hold')
  if (!hold.is_live) throw new Problem('hold-lost', 'The hold is over; choose seats again')
  if (!isLonger) throw new Problem('hold-not-extendable', 'A hold is extended once only')
  deps.guard.keep(hold.event_id, id, seatIdsOf(hold), hold.rest_ms)
  return presentHold(hold)
}

const expireMax = 200

/** Tidies up after holds that ran out. Their seats were free already; now everybody is told. */
export async function expireDueHolds(deps: Deps): Promise<number> {
  const { rows, freed } = await deps.database.transaction(async (tx) => {
    const ended = await expireHolds(tx, expireMax)
    const events = ended.flatMap(({ hold_id, event_id, order_id }) =>
      order_id === null
        ? []
        : deps.outbox.row('dev.boxoffice.seats.released.v1', event_id, {
            orderId: order_id,
            eventId: event_id,
            holdId: hold_id,
            reason: 'expired',
          }),
    )
    await deps.outbox.write(tx, events)
    return { rows: events, freed: ended }
  })
  deps.outbox.send(rows)
  afterFreed(deps, freed)
  return freed.length
}

function afterFreed(deps: Deps, all: Freed[]): void {
  for (const { hold_id, event_id, seat_ids } of all) {
    if (seat_ids.length === 0) continue
    deps.guard.giveBack(event_id, hold_id, seat_ids)
    deps.changes.tell(event_id, seat_ids, 'AVAILABLE')
  }
}

const seatIdsOf = ({ seats }: HoldRow) => seats.map(({ id }) => id)
