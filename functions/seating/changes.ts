import type { Feed, StreamMessage } from '../_runtime/sse.ts'
import type { Sql } from '../_runtime/database.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import { readChanged, readTime } from './store/seats.ts'

/** Tells watchers, through Redis, which seats have changed; what changes within a moment goes in one message. */
export type Changes = {
  tell(eventId: string, seatIds: readonly string[], status: string): void
}

const gatherMs = 40

export function createChanges(redis: RedisAttempts): Changes {
  const gathered = new Map<string, Record<string, string>>()
  let timer: NodeJS.Timeout | undefined

  function send(): void {
    timer = undefined
    const messages = Array.from(
      gathered,
      ([eventId, seats]) => [channelOf(eventId), JSON.stringify(seats)] as const,
    )
    gathered.clear()
    void redis.attempt((client) =>
      Promise.all(messages.map(([channel, message]) => client.publish(channel, message))),
    )
  }

  return {
    tell(eventId, seatIds, status) {
      const seats = gathered.get(eventId) ?? {}
      for (const id of seatIds) seats[id] = status
      gathered.set(eventId, seats)
      timer ??= setTimeout(send, gatherMs)
    },
  }
}

const channelOf = (eventId: string) => `seats:{${eventId}}`

/** A change may commit a moment after its time: look back a little further. */
const overlapMs = 5000

/**
 * What a watcher of one event gets: changes as they are told, and, after a gap or without Redis, what the
 * database says has changed since. Ids are times of its clock; a change that comes twice says the same twice.
 */
export function seatFeed(sql: Sql, redis: RedisAttempts, eventId: string): Feed {
  let since: Date | undefined
  return {
    async subscribe(push, signal) {
      const subscriber = await redis.subscriber()
      signal.addEventListener('abort', () => subscriber.disconnect())
      subscriber.on('message', (_channel, data) => push(message(since, data)))
      await subscriber.subscribe(channelOf(eventId))
    },
    async poll(lastEventId) {
      const from = since ?? readId(lastEventId)
      since = await readTime(sql)
      if (!from) return []
      const rows = await readChanged(sql, eventId, new Date(from.getTime() - overlapMs))
      if (rows.length === 0) return []
      return [
        message(
          since,
          JSON.stringify(Object.fromEntries(rows.map(({ id, status }) => [id, status]))),
        ),
      ]
    },
  }
}

const message = (at: Date | undefined, data: string): StreamMessage => ({
  event: 'seats',
  ...(at ? { id: at.toISOString() } : {}),
  data,
})

function readId(lastEventId: string | undefined): Date | undefined {
  const time = Date.parse(lastEventId ?? '')
  return Number.isNaN(time) ? undefined : new Date(time)
}
