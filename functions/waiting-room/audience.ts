import { outsideContext } from '../_runtime/context.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { userOf } from '../_runtime/on.ts'
import { createHall, type Hall } from './hall.ts'
import type { Deps } from './deps.ts'
import type { Sink } from './sink.ts'
import type { RoomRow } from './store/rooms.ts'

/** Everybody who follows his place over a stream of this instance. */
export type Audience = {
  /** Tells one person his place until he leaves, or for four minutes; his client comes back by itself. */
  enter(room: RoomRow, caller: Caller, open: () => { sink: Sink; response: Response }): Response
  count(): number
  close(): void
}

export function createAudience(
  depsOf: () => Deps,
  { streamsMax }: { streamsMax: number },
): Audience {
  const halls = new Map<string, Hall>()
  const count = () => halls.values().reduce((sum, hall) => sum + hall.count(), 0)

  function hallOf(room: RoomRow): Hall {
    const known = halls.get(room.event_id)
    if (known) return known
    const hall = outsideContext(() =>
      createHall(depsOf(), room, () => void halls.delete(room.event_id)),
    )
    halls.set(room.event_id, hall)
    return hall
  }

  return {
    enter(room, caller, open) {
      if (count() >= streamsMax) throw new Problem('busy', 'Too many streams; ask for your place')
      const { sink, response } = open()
      hallOf(room).enter(userOf(caller).id, sink)
      return response
    },
    count,
    close() {
      for (const hall of halls.values()) hall.close()
    },
  }
}
