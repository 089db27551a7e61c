import type { Redis } from 'ioredis'
import { windowKey } from '../_runtime/admission.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import { scripts, withScripts } from './queue-scripts.ts'
import type { RoomRow } from './store/rooms.ts'

/** How one person stands. `number` is null for who came before the opening; `place` counts from 0. */
export type Standing =
  | { state: 'out' }
  | { state: 'early'; number: null }
  | { state: 'waiting'; number: number | null; place: number; before?: number }
  | { state: 'over'; number: number | null; place: number }
  | {
      state: 'admitted' | 'shopping'
      number: number | null
      place: number
      admissionId: string
      endsAt: number
      isFresh: boolean
    }

/** How far a queue has come: what every position is computed from. */
export type Progress = {
  isOpen: boolean
  joined: number
  called: number
  calledLastMinute: number
  admitted: number
  /** Who was called, was away, and is back. */
  returned: number
  openForMs: number
  /** Called by the very call that told. */
  calledNow: number
}

export type Visitor = { userId: string; draw: number }

export const queueKeys = (eventId: string) => {
  const of = (name: string) => `waiting:{${eventId}}:${name}`
  return {
    queue: of('queue'),
    early: of('early'),
    late: of('late'),
    returned: of('returned'),
    live: of('live'),
    calls: of('calls'),
    claims: of('claims'),
    claimed: of('claimed'),
    rebuilding: of('rebuilding'),
  }
}

export const admissionKey = (eventId: string, userId: string) =>
  `waiting:{${eventId}}:admission:${userId}`

/** Redis lost the queue, or never had it: it has to be made from the journal. */
export class QueueLost extends Error {
  override name = 'QueueLost'
}

export type Queue = ReturnType<typeof createQueue>

/** The queues in Redis. Throws `QueueLost`, or `busy` where Redis does not answer: then nobody moves. */
export function createQueue(redis: RedisAttempts, { claimMs }: { claimMs: number }) {
  redis.define(scripts)
  const ask = async <Value>(work: (client: Redis) => Promise<Value>): Promise<Value> => {
    const answer = await redis.attempt(work)
    if (answer === undefined)
      throw new Problem('busy', 'The queue cannot be asked; places in it are kept. Try again')
    if (Array.isArray(answer) && answer[0] === 'lost') throw new QueueLost()
    return answer
  }

  return {
    ask,
    async visit(room: RoomRow, { userId, draw }: Visitor, joins: boolean): Promise<Standing> {
      const keys = queueKeys(room.event_id)
      const answer = await ask((client) =>
        withScripts(client).visitQueue(
          keys.queue,
          keys.early,
          keys.late,
          keys.returned,
          keys.live,
          keys.claims,
          keys.claimed,
          admissionKey(room.event_id, userId),
          windowKey(room.event_id, userId),
          userId,
          draw,
          opensAtMs(room),
          room.admissions_per_minute,
          room.admission_minutes * 60_000,
          joins ? 1 : 0,
          newId(),
        ),
      )
      return standingOf(answer)
    },
    async callNext(room: RoomRow): Promise<Progress> {
      const { queue, early, returned, live, calls } = queueKeys(room.event_id)
      const [state, ...figures] = await ask((client) =>
        withScripts(client).callNext(
          queue,
          early,
          returned,
          live,
          calls,
          opensAtMs(room),
          room.admissions_per_minute,
          room.admitted_max,
          claimMs,
        ),
      )
      const [joined = 0, called = 0, lastMinute = 0, admitted = 0, back = 0, openMs = 0, now = 0] =
        figures.map(Number)
      return {
        isOpen: state === 'open',
        joined,
        called,
        calledLastMinute: lastMinute,
        admitted,
        returned: back,
        openForMs: openMs,
        calledNow: now,
      }
    },
    /** The places of up to a thousand people; -1 for who has none. */
    async placesOf(eventId: string, userIds: string[]): Promise<number[]> {
      const { queue, early, late } = queueKeys(eventId)
      const [, ...places] = await ask((client) =>
        withScripts(client).placesInQueue(queue, early, late, ...userIds),
      )
      return places.map(Number)
    },
  }
}

const opensAtMs = ({ opens_at }: RoomRow) => opens_at?.getTime() ?? 0

function standingOf([state, ...rest]: (string | number)[]): Standing {
  const place = Number(rest[1])
  const number = Number(rest[0]) || null
  switch (state) {
    case 'out':
      return { state }
    case 'early':
      return { state, number: null }
    case 'returned':
      return { state: 'waiting', number, place, before: Number(rest[2]) }
    case 'waiting':
    case 'over':
      return { state, number, place }
    default: {
      const [admissionId = '', endsAt] = String(rest[2]).split(':')
      const isFresh = state === 'claimed'
      return {
        state: state === 'shopping' ? state : 'admitted',
        number,
        place,
        admissionId,
        endsAt: Number(endsAt),
        isFresh,
      }
    }
  }
}
