import type { Redis, RedisOptions as Options } from 'ioredis'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/**
 * Redis makes things fast and is never what makes them right, so every use of it is an attempt: within 250 ms
 * it gives a value, or `undefined` stands for a Redis that is down, frozen or full and the caller goes on
 * without it. After three failures in a row nothing is asked for a second, so that a frozen Redis costs its
 * time limit now and then and not at every request.
 */
export type RedisAttempts = {
  /**
   * Gives the connection commands in Lua, before it is there. A pipeline of ioredis knows the commands of the moment
   * when it was opened: a script that is defined later is missing in one that is open, and its answers are counted
   * wrongly, which ends the process.
   */
  define(scripts: Scripts): void
  attempt<Value>(work: (redis: Redis) => Promise<Value>): Promise<Value | undefined>
  /** A connection of its own, for subscriptions. The caller ends it. */
  subscriber(): Promise<Redis>
  close(): Promise<void>
}

export type Scripts = NonNullable<Options['scripts']>

export type RedisOptions = {
  url: string
  log: Log
  metrics: Metrics
  /** The simulation's own in place of a connection to Redis. */
  open?: typeof newConnection
}

const failuresMax = 3
const restMs = 1000

export function createRedis({
  url,
  log,
  metrics,
  open = newConnection,
}: RedisOptions): RedisAttempts {
  let client: Promise<Redis> | undefined
  const defined: Scripts = {}
  let failures = 0
  let restUntil = 0
  let loggedAt = -Infinity
  let isClosed = false

  const connect = () =>
    (client ??= open(url, { scripts: defined }).then(async (redis) => {
      // Later attempts find the connection that ioredis makes anew by itself.
      await redis.connect().catch(() => {})
      return redis
    }))

  function fail(err: unknown): void {
    metrics.redisUnavailable.inc()
    failures += 1
    if (failures >= failuresMax) restUntil = performance.now() + restMs
    if (performance.now() - loggedAt < 5000) return
    loggedAt = performance.now()
    log.warn({ err }, 'Redis did not answer; going on without it')
  }

  return {
    define(scripts) {
      if (client) throw new Error('scripts are defined before the first attempt')
      Object.assign(defined, scripts)
    },
    async attempt(work) {
      if (isClosed || performance.now() < restUntil) {
        metrics.redisUnavailable.inc()
        return undefined
      }
      try {
        const value = await work(await connect())
        failures = 0
        return value
      } catch (err) {
        fail(err)
        return undefined
      }
    },
    async subscriber() {
      const redis = await newConnection(url, { commandTimeout: 2000 })
      await redis.connect().catch((err: unknown) => {
        redis.disconnect()
        throw err
      })
      return redis
    },
    async close() {
      isClosed = true
      const opened = await client
      opened?.disconnect()
    },
  }
}

async function newConnection(
  url: string,
  more: Pick<Options, 'commandTimeout' | 'scripts'> = {},
): Promise<Redis> {
  const { default: ioredis } = await import('ioredis')
  const redis = new ioredis.Redis(url, {
    lazyConnect: true,
    connectTimeout: 500,
    commandTimeout: 250,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(50 * times, 1000),
    ...more,
  })
  // What fails is told to whoever asked; without a listener ioredis would print it as well.
  redis.on('error', () => {})
  return redis
}
