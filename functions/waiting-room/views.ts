import type { Place, Room } from '../../contracts/waiting-room.ts'
import type { Deps } from './deps.ts'
import { estimateSeconds, pollAfterSeconds } from './estimate.ts'
import type { Seen } from './places.ts'
import type { Progress, Standing } from './queue.ts'
import type { RoomRow } from './store/rooms.ts'

export const presentRoom = (row: RoomRow): Room => ({
  eventId: row.event_id,
  opensAt: row.own_opens_at?.toISOString() ?? null,
  admissionsPerMinute: row.admissions_per_minute,
  admittedMax: row.admitted_max,
  admissionMinutes: row.admission_minutes,
  everybody: row.is_for_everybody,
  version: row.version,
})

const nowhere = {
  position: null,
  before: null,
  estimatedSeconds: null,
  admission: null,
  shoppingEndsAt: null,
  counts: null,
}

/** For an event that needs no admission. */
export const presentOpen = (room: RoomRow): Place => ({
  ...nowhere,
  eventId: room.event_id,
  state: 'OPEN',
  opensAt: room.opens_at?.toISOString() ?? null,
  pollAfterSeconds: 60,
})

/** A place as the contract shows it, but for the token: that takes a signature. */
export function presentPlace({ room, standing, progress, counts }: Seen): Place {
  const opensAt = room.opens_at
  const before = beforeOf(standing, progress)
  const estimatedSeconds = before === null ? null : estimateSeconds(before, progress)
  const untilOpenMs = progress.isOpen || !opensAt ? 0 : opensAt.getTime() - Date.now()
  return {
    ...nowhere,
    eventId: room.event_id,
    state: stateOf(standing),
    opensAt: opensAt?.toISOString() ?? null,
    position: before === null ? null : before + 1,
    before,
    estimatedSeconds,
    shoppingEndsAt: standing.state === 'shopping' ? new Date(standing.endsAt).toISOString() : null,
    pollAfterSeconds: pollAfterSeconds(estimatedSeconds, untilOpenMs),
    counts: counts ? presentCounts(progress) : null,
  }
}

/** The same with the admission token, which only the person that it belongs to is ever shown. */
export async function presentOwnPlace(
  { admissionTokens }: Pick<Deps, 'admissionTokens'>,
  seen: Seen,
): Promise<Place> {
  const place = presentPlace(seen)
  const { room, userId, standing } = seen
  if (standing.state !== 'admitted') return place
  const { admissionId: id, endsAt } = standing
  const token = await admissionTokens.sign({ id, eventId: room.event_id, userId, endsAt })
  return { ...place, admission: { token, endsAt: new Date(endsAt).toISOString() } }
}

/** A position is a place less those who were called: one number for everybody who waits. */
export function beforeOf(
  standing: Standing,
  { isOpen, called, returned }: Progress,
): number | null {
  if (standing.state !== 'waiting' || !isOpen) return null
  return standing.before ?? Math.max(0, standing.place - called) + returned
}

const stateOf = ({ state }: Standing): Place['state'] => {
  if (state === 'out') return 'OUTSIDE'
  return state === 'early' ? 'WAITING' : (state.toUpperCase() as Place['state'])
}

const presentCounts = (progress: Progress): Place['counts'] => ({
  joined: progress.joined,
  waiting: progress.joined - progress.called + progress.returned,
  called: progress.called,
  admitted: progress.admitted,
  perMinute: progress.calledLastMinute,
})
