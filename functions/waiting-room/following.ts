import type { Place } from '../../contracts/waiting-room.ts'
import type { Deps } from './deps.ts'
import { tellAfterMs, tellMsMax } from './estimate.ts'
import { standIn } from './places.ts'
import type { Progress, Standing } from './queue.ts'
import type { Sink } from './sink.ts'
import type { RoomRow } from './store/rooms.ts'
import { presentOpen, presentOwnPlace, presentPlace } from './views.ts'
import type { Wheel } from './wheel.ts'

/** One person's stream. */
export type Follower = {
  userId: string
  sink: Sink
  standing: Standing | undefined
  endsAt: number
  /** Looked up anew, rather than told from the shared count. */
  isAsking: boolean
}

/** The streams of one event in this instance, and how far the event's queue was when it was last looked at. */
export type Crowd = {
  deps: Deps
  room: RoomRow
  progress: Progress | undefined
  followers: Set<Follower>
  byPlace: Map<number, Follower>
  wheel: Wheel<Follower>
}

/** Tells somebody who is due what is known of his place already. Who has left, or was here for long, goes. */
export function tell(crowd: Crowd, follower: Follower): void {
  const { room, progress, wheel } = crowd
  const { standing, sink, isAsking } = follower
  if (!crowd.followers.has(follower)) return
  if (sink.isGone()) return leave(crowd, follower)
  if (performance.now() > follower.endsAt) return end(crowd, follower)
  if (!room.is_hot) return tellOpen(crowd, follower)
  if (isAsking) return void ask(crowd, follower)
  if (!progress || standing?.state !== 'waiting') {
    sink.write(': still here\n\n')
    return wheel.put(follower, tellMsMax)
  }
  const place = presentPlace({ room, progress, standing, userId: follower.userId, counts: false })
  sink.write(frameOf(place))
  wheel.put(follower, dueIn(place))
}

/** Looks somebody up in the queue: when he comes, when his place is called, and until he is let in. */
export async function ask(crowd: Crowd, follower: Follower): Promise<void> {
  const { deps, room, wheel } = crowd
  const { userId, sink } = follower
  follower.isAsking = true
  try {
    if (sink.isGone()) return leave(crowd, follower)
    if (!room.is_hot) return tellOpen(crowd, follower)
    const standing = await standIn(deps, room, userId, false)
    const progress = await deps.admitting.progressOf(room)
    remember(crowd, follower, standing, crowd.progress ?? progress)
    const seen = { room, progress, userId, standing, counts: false }
    const place = await presentOwnPlace(deps, seen)
    sink.write(frameOf(place))
    if (follower.isAsking) wheel.put(follower, 1000)
    else wheel.put(follower, standing.state === 'waiting' ? dueIn(place) : tellMsMax)
  } catch (err) {
    deps.log.debug({ err }, 'a stream could not be told its place; asking again')
    wheel.put(follower, 2000)
  }
}

/** Who was called and is not let in yet, or came while the queue opened, is looked up again. */
function remember(
  { byPlace }: Crowd,
  follower: Follower,
  standing: Standing,
  { isOpen, called }: Progress,
): void {
  follower.standing = standing
  if (standing.state === 'waiting') byPlace.set(standing.place, follower)
  const isCalled = standing.state === 'waiting' && standing.place < called
  follower.isAsking = isCalled || (standing.state === 'early' && isOpen)
}

function tellOpen({ room, wheel }: Crowd, follower: Follower): void {
  follower.isAsking = true
  follower.sink.write(frameOf(presentOpen(room)))
  wheel.put(follower, tellMsMax)
}

/** His client comes back by itself, and not together with all others. */
export function end(crowd: Crowd, follower: Follower): void {
  follower.sink.end(`retry: ${Math.round(1000 + Math.random() * 4000)}\n\n`)
  leave(crowd, follower)
}

function leave({ followers, byPlace }: Crowd, follower: Follower): void {
  followers.delete(follower)
  const { standing } = follower
  if (standing && 'place' in standing && byPlace.get(standing.place) === follower)
    byPlace.delete(standing.place)
}

/** A little sooner or later each time: who came together is not told together for ever. */
const dueIn = ({ estimatedSeconds }: Place) =>
  tellAfterMs(estimatedSeconds) * (0.9 + Math.random() / 5)

const frameOf = (place: Place) => `event: place\ndata: ${JSON.stringify(place)}\n\n`
