import type { Deps } from './deps.ts'
import { ask, end, tell, type Crowd, type Follower } from './following.ts'
import { whole } from './places.ts'
import type { Progress } from './queue.ts'
import type { Sink } from './sink.ts'
import type { RoomRow } from './store/rooms.ts'
import { createWheel } from './wheel.ts'

/** Where the streams of one event are told their places. */
export type Hall = { enter(userId: string, sink: Sink): void; count(): number; close(): void }

const endMs = 240_000
/** News for everybody is told over so long, so that it does not come as one blow. */
const spreadMs = 5000
const pageMax = 1000

/**
 * Nobody's position is looked up while he waits: a place is fixed once the queue has opened, and one count of
 * who was called, read twice a second for all, makes it a position. Each is told again when a twentieth of
 * his wait is over, so that those far back cost next to nothing; whose place is called is told at once.
 */
export function createHall(deps: Deps, room: RoomRow, left: () => void): Hall {
  const crowd: Crowd = {
    deps,
    room,
    progress: undefined,
    followers: new Set(),
    byPlace: new Map(),
    wheel: createWheel((follower) => tell(crowd, follower)),
  }
  const unfollow = deps.admitting.follow(room, (latest, progress) => {
    void step(crowd, latest, progress)
    if (crowd.followers.size === 0) close()
  })

  function close(): void {
    unfollow()
    for (const follower of crowd.followers) end(crowd, follower)
    left()
  }

  return {
    enter(userId, sink) {
      const endsAt = performance.now() + endMs * (0.85 + Math.random() * 0.15)
      const follower: Follower = { userId, sink, standing: undefined, endsAt, isAsking: true }
      crowd.followers.add(follower)
      void ask(crowd, follower)
    },
    count: () => crowd.followers.size,
    close,
  }
}

async function step(crowd: Crowd, room: RoomRow, progress: Progress): Promise<void> {
  const wasHot = crowd.room.is_hot
  const before = crowd.progress
  crowd.room = room
  crowd.progress = progress
  if (wasHot !== room.is_hot) spread(crowd)
  for (let place = before?.called ?? 0; place < progress.called; place++) {
    const follower = crowd.byPlace.get(place)
    if (follower) void ask(crowd, follower)
  }
  crowd.wheel.turn()
  if (progress.isOpen && !before?.isOpen) await givePlaces(crowd)
}

/** Once, at the opening: who came early has a place from now on. */
async function givePlaces(crowd: Crowd): Promise<void> {
  const { deps, room, byPlace } = crowd
  const early = [...crowd.followers].filter(({ standing }) => standing?.state === 'early')
  try {
    for (let i = 0; i < early.length; i += pageMax) {
      const page = early.slice(i, i + pageMax)
      const userIds = page.map(({ userId }) => userId)
      const places = await whole(deps, room, () => deps.queue.placesOf(room.event_id, userIds))
      page.forEach((follower, at) => {
        const place = places[at] ?? -1
        follower.standing = { state: 'waiting', number: null, place }
        follower.isAsking = place < (crowd.progress?.called ?? 0)
        byPlace.set(place, follower)
      })
    }
  } catch (err) {
    deps.log.warn({ err }, 'streams were not given their places; they ask one by one')
    for (const follower of early) follower.isAsking = true
  }
  spread(crowd)
}

function spread({ followers, wheel }: Crowd): void {
  for (const follower of followers) wheel.put(follower, Math.random() * spreadMs)
}
