import { outsideContext } from '../_runtime/context.ts'
import type { Deps } from './deps.ts'
import { whole } from './places.ts'
import type { Progress } from './queue.ts'
import { noteCalled, type RoomRow } from './store/rooms.ts'

export type Admitting = {
  /** How far the queue is, as this instance last saw it, up to half a second ago. Keeps the queue moving. */
  progressOf(room: RoomRow): Promise<Progress>
  /** Calls `tell` at each look until the function that it gives is called. Keeps the queue moving meanwhile. */
  follow(room: RoomRow, tell: (room: RoomRow, progress: Progress) => void): () => void
  close(): void
}

const lookMs = 500
/** Whoever was here is asked to come again within a minute: then the queue still moves. */
const idleMs = 90_000

type Moving = {
  seenAt: number
  last: Promise<Progress>
  timer: NodeJS.Timeout
  followers: Set<(room: RoomRow, progress: Progress) => void>
  isOpenNoted: boolean
}

/**
 * What races with what: instances that call the next of one queue at the same time. The script in Redis lets
 * each call only what the rate, the cap and the queue still allow, so any number of them may try. A queue that
 * nobody is looking at rests, and costs nothing.
 */
export function createAdmitting(depsOf: () => Deps): Admitting {
  const queues = new Map<string, Moving>()

  async function look(room: RoomRow, isOpenNoted: boolean): Promise<Progress> {
    const deps = depsOf()
    const progress = await whole(deps, room, () => deps.queue.callNext(room))
    const isNews = progress.calledNow > 0 || (progress.isOpen && !isOpenNoted)
    if (isNews)
      noteCalled(deps.database, room.event_id, progress.called).catch((err: unknown) =>
        deps.log.warn({ err }, 'how far a queue has come is not noted'),
      )
    return progress
  }

  async function step(eventId: string, moving: Moving): Promise<void> {
    const deps = depsOf()
    try {
      if (performance.now() - moving.seenAt > idleMs && moving.followers.size === 0)
        return stop(eventId)
      const room = await deps.rooms.of(eventId)
      const next = look(room, moving.isOpenNoted)
      const progress = await next
      moving.last = next
      moving.isOpenNoted ||= progress.isOpen
      for (const tell of moving.followers) tell(room, progress)
    } catch (err) {
      deps.log.warn({ err, eventId }, 'a queue could not be moved; trying again')
    }
    if (queues.get(eventId) === moving) plan(eventId, moving)
  }

  function plan(eventId: string, moving: Moving): void {
    // Instances that started together must not ask together for ever.
    moving.timer = setTimeout(() => void step(eventId, moving), lookMs * (0.9 + Math.random() / 5))
    moving.timer.unref()
  }

  function stop(eventId: string): void {
    clearTimeout(queues.get(eventId)?.timer)
    queues.delete(eventId)
  }

  function movingOf(room: RoomRow): Moving {
    const known = queues.get(room.event_id)
    if (known) {
      known.seenAt = performance.now()
      return known
    }
    return outsideContext(() => {
      const last = look(room, false)
      const moving: Moving = {
        seenAt: performance.now(),
        last,
        timer: setTimeout(() => {}, 0),
        followers: new Set(),
        isOpenNoted: false,
      }
      queues.set(room.event_id, moving)
      // Who asked first is told of a failure; the next look is made by the next to ask.
      last.catch(() => stop(room.event_id))
      plan(room.event_id, moving)
      return moving
    })
  }

  return {
    progressOf: (room) => movingOf(room).last,
    follow(room, tell) {
      const moving = movingOf(room)
      moving.followers.add(tell)
      return () => void moving.followers.delete(tell)
    },
    close() {
      for (const eventId of queues.keys()) stop(eventId)
    },
  }
}
