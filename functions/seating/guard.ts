import type { Result } from 'ioredis'
import type { RedisAttempts } from '../_runtime/redis.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeSeats(keys: number, ...args: (string | number)[]): Result<number[], Context>
    keepSeats(keys: number, ...args: (string | number)[]): Result<number, Context>
    markSeatsSold(keys: number, ...args: (string | number)[]): Result<number, Context>
    giveBackSeats(keys: number, ...args: (string | number)[]): Result<number, Context>
  }
}

/**
 * What races with what: many buyers for few seats, over any number of instances. The guard lets one of them
 * through to Postgres for each seat and tells all others at the price of one Redis call. It takes all keys
 * of a hold or none. It decides nothing: a key that is lost lets a second buyer through, whom the statement
 * then refuses; a key that is kept too long would block a free seat, so keys are short until the hold is
 * committed, never outlive it, and go at once where it is refused.
 */
export type Guard = {
  /** The seats that others have and why, empty where all keys are ours, undefined where Redis does not say. */
  take(eventId: string, holdId: string, seatIds: string[]): Promise<Other[] | undefined>
  /** After commit: as long as the hold itself. Not awaited. */
  keep(eventId: string, holdId: string, seatIds: string[], ms: number): void
  /** Sold: whoever is refused until the key ends is told so. Not awaited; harmless where it does not come. */
  markSold(eventId: string, holdId: string, seatIds: string[]): void
  /** Refused, released, refunded or unknown. Not awaited; harmless where another hold has the key by now. */
  giveBack(eventId: string, holdId: string, seatIds: string[]): void
}

type Other = { seatId: string; reason: 'HELD' | 'SOLD' }

/** Long enough for the statement behind it, with its limits; short enough to lose nothing after a crash. */
const takenMs = 10_000

export function createGuard(redis: RedisAttempts): Guard {
  redis.define(scripts)
  // The braces put all seats of an event into one hash slot.
  const keysOf = (eventId: string, seatIds: string[]) =>
    seatIds.map((id) => `seat:{${eventId}}:${id}`)

  return {
    async take(eventId, holdId, seatIds) {
      const keys = keysOf(eventId, seatIds)
      const taken = await redis.attempt((client) =>
        client.takeSeats(keys.length, ...keys, holdId, takenMs),
      )
      return taken?.map((place) => ({
        seatId: seatIds[Math.abs(place) - 1] ?? '',
        reason: place < 0 ? 'SOLD' : 'HELD',
      }))
    },
    keep(eventId, holdId, seatIds, ms) {
      const keys = keysOf(eventId, seatIds)
      const rest = Math.max(1, Math.floor(ms))
      void redis.attempt((client) => client.keepSeats(keys.length, ...keys, holdId, rest))
    },
    markSold(eventId, holdId, seatIds) {
      const keys = keysOf(eventId, seatIds)
      void redis.attempt((client) => client.markSeatsSold(keys.length, ...keys, holdId))
    },
    giveBack(eventId, holdId, seatIds) {
      const keys = keysOf(eventId, seatIds)
      void redis.attempt((client) => client.giveBackSeats(keys.length, ...keys, holdId))
    },
  }
}

const scripts = {
  takeSeats: {
    lua: `
      local taken = {}
      local sold = 'sold:' .. ARGV[1]
      for place, key in ipairs(KEYS) do
        local holder = redis.call('GET', key)
        if holder and holder ~= ARGV[1] and holder ~= sold then
          taken[#taken + 1] = string.sub(holder, 1, 5) == 'sold:' and -place or place
        end
      end
      if #taken > 0 then return taken end
      for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) end
      return taken`,
  },
  keepSeats: {
    lua: `
      for _, key in ipairs(KEYS) do
        if redis.call('GET', key) == ARGV[1] then redis.call('PEXPIRE', key, ARGV[2]) end
      end
      return 0`,
  },
  markSeatsSold: {
    lua: `
      for _, key in ipairs(KEYS) do
        if redis.call('GET', key) == ARGV[1] then redis.call('SET', key, 'sold:' .. ARGV[1], 'KEEPTTL') end
      end
      return 0`,
  },
  giveBackSeats: {
    lua: `
      local sold = 'sold:' .. ARGV[1]
      for _, key in ipairs(KEYS) do
        local holder = redis.call('GET', key)
        if holder == ARGV[1] or holder == sold then redis.call('DEL', key) end
      end
      return 0`,
  },
}
