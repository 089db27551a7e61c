import { outsideContext } from '../_runtime/context.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { userOf } from '../_runtime/on.ts'
import type { Place } from '../../contracts/waiting-room.ts'
import type { Deps } from './deps.ts'
import { drawOf } from './draw.ts'
import { QueueLost, type Progress, type Standing } from './queue.ts'
import { rebuildQueue } from './rebuilding.ts'
import { mayCount } from './rooms.ts'
import type { RoomRow } from './store/rooms.ts'
import { presentOpen, presentOwnPlace } from './views.ts'

/** Who he is in this room, what is his place, and his admission where it is his turn. */
export async function lookAtPlace(deps: Deps, eventId: string, caller: Caller): Promise<Place> {
  return placeOf(deps, eventId, caller, false)
}

/** The same, for somebody who wants to stand in line; who does already keeps his place. */
export async function joinQueue(deps: Deps, eventId: string, caller: Caller): Promise<Place> {
  return placeOf(deps, eventId, caller, true)
}

async function placeOf(
  deps: Deps,
  eventId: string,
  caller: Caller,
  joins: boolean,
): Promise<Place> {
  const { id: userId } = userOf(caller)
  const room = await deps.rooms.of(eventId)
  if (!room.is_hot) return presentOpen(room)
  const standing = await standIn(deps, room, userId, joins)
  const progress = await deps.admitting.progressOf(room)
  return presentOwnPlace(deps, { room, userId, standing, progress, counts: mayCount(room, caller) })
}

/**
 * What the queue says of one person, after making the queue where Redis does not have it. Whoever joins is in
 * the journal before he hears of it. An admission is noted there too, but not waited for: it is good without.
 */
export async function standIn(
  deps: Deps,
  room: RoomRow,
  userId: string,
  joins: boolean,
): Promise<Standing> {
  const visitor = { userId, draw: drawOf(deps.drawKey, room.seed, userId) }
  const standing = await whole(deps, room, () => deps.queue.visit(room, visitor, joins))
  const item = { eventId: room.event_id, userId }
  if (joins && standing.state !== 'out')
    await deps.journal.join({ ...item, number: standing.number })
  if ('isFresh' in standing && standing.isFresh) {
    const { admissionId, endsAt } = standing
    deps.admissions.inc()
    deps.journal
      .claim({ ...item, admissionId, endsAt })
      .catch((err: unknown) => deps.log.warn({ err }, 'an admission is not in the journal'))
  }
  return standing
}

/** Asks the queue; once more after it has been made anew. */
export async function whole<Value>(
  deps: Deps,
  room: RoomRow,
  ask: () => Promise<Value>,
): Promise<Value> {
  try {
    return await ask()
  } catch (err) {
    if (!(err instanceof QueueLost)) throw err
    await rebuildOnce(deps, room)
    return ask().catch((again: unknown) => {
      if (!(again instanceof QueueLost)) throw again
      throw new Problem('busy', 'The queue is being put in order; try again', {}, again)
    })
  }
}

const rebuilding = new Map<string, Promise<void>>()

/** Thousands may find at the same moment that a queue is gone: one of them asks for it. */
function rebuildOnce(deps: Deps, room: RoomRow): Promise<void> {
  const known = rebuilding.get(room.event_id)
  if (known) return known
  const work = outsideContext(() => rebuildQueue(deps, room)).finally(() =>
    rebuilding.delete(room.event_id),
  )
  rebuilding.set(room.event_id, work)
  return work
}

export type Seen = {
  room: RoomRow
  userId: string
  standing: Standing
  progress: Progress
  counts: boolean
}
