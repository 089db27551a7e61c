import type { Layout } from '../../contracts/layouts.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { recordAdmin } from './acts.ts'
import type { Deps } from './deps.ts'
import { ownerIdOf, ownEvent } from './ownership.ts'
import { raced } from './preconditions.ts'
import { cancelAnnounced, findReadiness, publishDraft, type Readiness } from './store/announce.ts'
import type { EventRow } from './store/events.ts'
import { telling, toldOf } from './telling.ts'

/**
 * Announces a draft, once. Throws `event-fixed` for what is no draft any more, and `invalid-request` with
 * everything that the draft lacks.
 */
export async function publishEvent(deps: Deps, caller: Caller, id: string): Promise<EventRow> {
  const event = await telling(deps, 'created', async (tx) => {
    const published = await publishDraft(tx, id, ownerIdOf(caller))
    if (published) await recordAdmin(tx, caller, { act: 'event.publish', subject: id })
    return toldOf(published)
  })
  if (event) return event

  const { status } = await ownEvent(deps, id, caller)
  if (status !== 'DRAFT') throw new Problem('event-fixed', 'The event is published already')
  const readiness = await findReadiness(deps.database, id)
  const errors = readiness ? lacksOf(readiness) : []
  if (errors.length === 0) throw raced()
  throw new Problem('invalid-request', 'The draft cannot be published yet; errors says why', {
    errors,
  })
}

/**
 * Cancels an announced event, for good; cancelling it again changes nothing. Throws `event-fixed` for a draft
 * and for an event that is over.
 */
export async function cancelEvent(deps: Deps, caller: Caller, id: string): Promise<EventRow> {
  const event = await telling(deps, 'cancelled', async (tx) => {
    const cancelled = await cancelAnnounced(tx, id, ownerIdOf(caller))
    if (cancelled) await recordAdmin(tx, caller, { act: 'event.cancel', subject: id })
    return toldOf(cancelled)
  })
  if (event) return event

  const now = await ownEvent(deps, id, caller)
  if (now.status === 'CANCELLED') return now
  if (now.status === 'DRAFT') throw new Problem('event-fixed', 'A draft is deleted instead')
  if (now.status === 'COMPLETED') throw new Problem('event-fixed', 'The event is over')
  throw raced()
}

function lacksOf({ layout, prices, is_ahead }: Readiness) {
  const unpriced = zonesOf(layout).filter((zone) => !Object.hasOwn(prices, zone))
  return [
    ...(is_ahead ? [] : [{ pointer: '#/startsAt', detail: 'must be in the future' }]),
    ...(layout.sections.length > 0
      ? []
      : [{ pointer: '#/venueId', detail: 'the venue has no seats yet' }]),
    ...unpriced.map((zone) => ({ pointer: `#/prices/${zone}`, detail: 'the zone has no price' })),
  ]
}

const zonesOf = ({ sections }: Layout) => [...new Set(sections.map(({ priceZone }) => priceZone))]
