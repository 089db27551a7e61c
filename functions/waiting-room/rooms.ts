import { randomBytes } from 'node:crypto'
import { hotEventsKey, type HotEvents } from '../_runtime/admission.ts'
import { recordAct } from '../_runtime/audit.ts'
import { isAdmin, userOf } from '../_runtime/on.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import type { RoomSettings } from '../../contracts/waiting-room.ts'
import type { Deps } from './deps.ts'
import { queueKeys } from './queue.ts'
import { withScripts } from './queue-scripts.ts'
import { findOrganizer } from './store/events.ts'
import { forgetJoins } from './store/joins.ts'
import { findRoom, listHot, setRoom, takeOver, type RoomRow, type SetRoom } from './store/rooms.ts'
import { presentRoom } from './views.ts'

/** Rooms as they were up to a second ago: thousands who ask for their place ask Postgres once. */
export type Rooms = {
  /** Throws `not-found` for an event that was never hot. */
  of(eventId: string): Promise<RoomRow>
  forget(eventId: string): void
}

const freshMs = 1000
const roomsMax = 1000

export function createRooms(load: (eventId: string) => Promise<RoomRow | undefined>): Rooms {
  const kept = new Map<string, { room: Promise<RoomRow | undefined>; loadedAt: number }>()

  function loadAnew(eventId: string) {
    const room = load(eventId)
    room.catch(() => kept.delete(eventId))
    kept.delete(eventId)
    if (kept.size >= roomsMax) kept.delete(kept.keys().next().value as string)
    kept.set(eventId, { room, loadedAt: performance.now() })
    return room
  }

  return {
    async of(eventId) {
      const known = kept.get(eventId)
      const isFresh = known && performance.now() - known.loadedAt < freshMs
      const room = await (isFresh ? known.room : loadAnew(eventId))
      if (!room) throw new Problem('not-found', `Event ${eventId} has no waiting room`)
      return room
    },
    forget: (eventId) => void kept.delete(eventId),
  }
}

/**
 * Sets an event's room and tells the gateways. Throws `not-found`, `forbidden` for the event of somebody else,
 * `event-fixed` for another opening of a queue that has opened, `waiting-rooms-full`.
 */
export async function changeRoom(
  deps: Deps,
  eventId: string,
  settings: RoomSettings,
  caller: Caller,
): Promise<RoomRow> {
  const event = await findOrganizer(deps.database, eventId)
  if (!event) throw new Problem('not-found', `There is no event ${eventId}`)
  const { id: by } = userOf(caller)
  if (!isAdmin(caller) && event.organizer_id !== by)
    throw new Problem('forbidden', 'Only its organizer or an admin may change a waiting room')
  const seed = randomBytes(32)
  const room = { ...settings, eventId, by, seed, hotMax: deps.hotEventsMax }
  const isSet = await (isAdmin(caller) ? setAudited(deps, room) : setRoom(deps.database, room))
  deps.rooms.forget(eventId)
  if (!isSet) throw await whyNot(deps, eventId)
  await publishHot(deps)
  return deps.rooms.of(eventId)
}

/** An admin's change is written down in its own transaction, with what was there before; organizers leave no log. */
const setAudited = ({ database }: Deps, room: SetRoom): Promise<boolean> =>
  database.transaction(async (tx) => {
    const old = await findRoom(tx, room.eventId)
    if (!(await setRoom(tx, room))) return false
    const { eventId: subject, by, seed: _, hotMax: __, ...after } = room
    const before = old ? { before: presentRoom(old) } : {}
    await recordAct(tx, by, { act: 'waiting-room.change', subject, ...before, after })
    return true
  })

async function whyNot({ database, hotEventsMax }: Deps, eventId: string): Promise<Problem> {
  const room = await findRoom(database, eventId)
  return room?.opened_at
    ? new Problem('event-fixed', 'The waiting room has opened; opensAt stays as it is', {
        fields: ['opensAt'],
      })
    : new Problem('waiting-rooms-full', `${hotEventsMax} events at most are hot at once`, {
        hotEventsMax,
      })
}

export const mayCount = (room: RoomRow, caller: Caller): boolean =>
  isAdmin(caller) || (caller.kind === 'user' && caller.id === room.organizer_id)

/** Writes the list of hot events where the gateways read it. Redis away: they ask for it, or know the last one. */
export async function publishHot({ database, redis }: Deps): Promise<HotEvents> {
  const hot = await listHot(database)
  await redis.attempt((client) =>
    withScripts(client).keepHotEvents(hotEventsKey, hot.version, JSON.stringify(hot)),
  )
  return hot
}

const overMax = 10
const forgetMax = 1000

/** Forgets the queues of events that are over. Gives how many people stood in them. */
export async function forgetOver({ database, redis, keptHours }: Deps): Promise<number> {
  let forgotten = 0
  for (const { event_id } of await takeOver(database, keptHours, overMax)) {
    const count = await forgetJoins(database, event_id, forgetMax)
    forgotten += count
    if (count < forgetMax)
      await redis.attempt((client) => client.unlink(...Object.values(queueKeys(event_id))))
  }
  return forgotten
}
