import { Redis } from 'ioredis'
import { blow, type Fault } from './fault.ts'
import { pause } from './sales.ts'
import type { World } from './world.ts'

export const serviceFaults = {
  'postgres-crash': {
    what: 'kill -9 of Postgres with all its sessions, and a start with recovery',
    weight: 1,
    draw: (random) => blow('postgres', random.between(0, 2000)),
    strike: async (world, { forMs }) => once(world.postgres.crash(forMs)),
  },
  'postgres-restart': {
    what: 'an orderly restart of Postgres: sessions are ended in the middle of their work',
    weight: 0.5,
    draw: (random) => blow('postgres', random.between(0, 1000)),
    strike: async (world, { forMs }) => once(world.postgres.restart(forMs)),
  },
  'postgres-freeze': {
    what: 'SIGSTOP of Postgres: connections stay, answers do not come, statements take effect later',
    weight: 1,
    draw: (random) => blow('postgres', random.between(300, 4000)),
    async strike(world, { forMs }) {
      world.postgres.freeze(forMs / 1000)
      await pause(forMs)
      return 1
    },
  },
  'redis-crash': {
    what: 'kill -9 of Redis, and a start without its data',
    weight: 1,
    draw: (random) => blow('redis', random.between(0, 4000)),
    strike: (world, { forMs }) => gone(world, () => once(world.redis.crash(forMs))),
  },
  'redis-freeze': {
    what: 'SIGSTOP of Redis: what was asked of it takes effect later',
    weight: 1,
    draw: (random) => blow('redis', random.between(300, 4000)),
    strike: (world, { forMs }) =>
      gone(world, async () => {
        world.redis.freeze(forMs / 1000)
        await pause(forMs)
        return 1
      }),
  },
  'redis-flush': {
    what: 'FLUSHALL: every guard of a seat is gone',
    weight: 1,
    draw: () => blow('redis'),
    strike: (world) => withRedis(world, (redis) => redis.flushall()),
  },
  'redis-full': {
    what: 'Redis out of memory, without eviction: it refuses every write',
    weight: 1,
    draw: (random) => blow('redis', random.between(1000, 4000)),
    async strike(world, { forMs }) {
      const hits = await withRedis(world, (redis) => redis.config('SET', 'maxmemory', '1'))
      await pause(forMs)
      await emptyAgain(world)
      return hits
    },
  },
} as const satisfies Record<string, Fault>

export const emptyAgain = (world: World): Promise<number> =>
  withRedis(world, (redis) => redis.config('SET', 'maxmemory', '0'))

/** Notes from when to when there was no Redis. */
async function gone(world: World, work: () => Promise<number>): Promise<number> {
  const fromMs = Date.now()
  const hits = await work()
  world.redisGone.push({ fromMs, untilMs: Date.now() })
  return hits
}

const once = async (work: Promise<void>): Promise<number> => {
  await work
  return 1
}

/** 0 where Redis cannot be asked at the moment. */
async function withRedis(world: World, work: (redis: Redis) => Promise<unknown>): Promise<number> {
  const redis = new Redis(world.stack.redisUrl, {
    lazyConnect: true,
    connectTimeout: 1000,
    commandTimeout: 5000,
    retryStrategy: () => null,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    await work(redis)
    return 1
  } catch {
    return 0
  } finally {
    redis.disconnect()
  }
}
