import { Redis } from 'ioredis'
import type { Violation } from './report.ts'
import { CannotRead, type Sources } from './sources.ts'

/** A seat's key lives this long until its hold is committed; see functions/seating/guard.ts. */
const takenMs = 10_000
const batchKeys = 1000
const form = /^seat:\{[0-9a-f-]{36}\}:([0-9a-f-]{36})$/

/**
 * I7, in Redis. A key that is missing is harmless, one that stays too long keeps buyers from a free seat. Whether a
 * seat is free says seating's database, by its own clock.
 */
export async function* judgeSeatKeys(
  redisUrl: string,
  sources: Sources,
  holdSecondsMax: number,
): AsyncGenerator<Omit<Violation, 'invariant'>> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 5000,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    const keys = redis.scanStream({ match: 'seat:{*', count: batchKeys })
    for await (const found of keys as AsyncIterable<string[]>)
      yield* judgeBatch(
        redis,
        sources,
        found.filter((key) => form.test(key)),
        holdSecondsMax,
      )
  } catch (err) {
    throw err instanceof CannotRead ? err : new CannotRead('Redis', err)
  } finally {
    redis.disconnect()
  }
}

async function* judgeBatch(
  redis: Redis,
  sources: Sources,
  keys: string[],
  holdSecondsMax: number,
): AsyncGenerator<Omit<Violation, 'invariant'>> {
  if (keys.length === 0) return
  const times = await Promise.all(keys.map((key) => redis.pttl(key)))
  const holders = await redis.mget(keys)
  const seatIds = keys.map((key) => form.exec(key)?.[1] ?? '')
  const free = await sources.rows('seating', freeSeats, [seatIds])
  const isFree = new Set(free.map(({ id }) => id))
  for (const [i, seatId] of seatIds.entries()) {
    const [ms = -2, holder] = [times[i], holders[i]]
    const facts = { seatId, key: keys[i], holder, ms }
    if (ms === -1 || ms > holdSecondsMax * 1000)
      yield { title: 'a Redis key of a seat never ends, or too late', facts }
    else if (ms > takenMs && isFree.has(seatId))
      yield { title: 'a Redis key blocks a seat that nobody holds', facts }
  }
}

const freeSeats = `select id from seats where id = any($1::uuid[])
  and (status = 'AVAILABLE' or (status = 'HELD' and held_until <= now()))`
