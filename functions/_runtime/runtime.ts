import type { JSONWebKeySet } from 'jose'
import type { FunctionName } from '../../contracts/functions.ts'
import { jwks } from '../../contracts/users.ts'
import type { AppParts } from './app.ts'
import { createBroker } from './broker.ts'
import { createCalls, type Calls } from './calls.ts'
import { createDatabase, type Database, type DatabaseOptions } from './database.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { createRedis, type RedisAttempts } from './redis.ts'
import type { CommonSettings } from './settings.ts'
import { createTokens } from './tokens.ts'

type Settings = CommonSettings & {
  DATABASE_URL: string
  DATABASE_CONNECTIONS: number
  PREPARED: boolean
  REDIS_URL: string
}

/** What every function that owns a database stands on. Nothing in it connects before its first use. */
export type Runtime = AppParts & {
  calls: Calls
  database: Database
  redis: RedisAttempts
  outbox: Outbox
  eventKey: string
  brokerUrl: string
  /** Ends what is open, in the order in which it is needed: what is on its way is sent first. */
  close(): Promise<void>
}

export function createRuntime(
  name: FunctionName,
  settings: Settings,
  entities: DatabaseOptions['entities'],
): Runtime {
  const edge = createEdge(name, settings)
  const { log, metrics } = edge
  const database = createDatabase({
    url: settings.DATABASE_URL,
    connections: settings.DATABASE_CONNECTIONS,
    prepared: settings.PREPARED,
    entities,
    log,
  })
  const broker = createBroker({
    self: name,
    url: settings.BROKER_URL,
    eventKey: settings.EVENT_KEY,
    metrics,
  })
  const outbox = createOutbox({ database, broker, log })
  return {
    ...edge,
    database,
    outbox,
    eventKey: settings.EVENT_KEY,
    brokerUrl: settings.BROKER_URL,
    async close() {
      await outbox.settle()
      broker.close()
      await Promise.all([database.close(), edge.close()])
    },
  }
}

/** Redis keeps the public keys here, so that a token can be checked while `users` sleeps. */
export const jwksKey = 'users:jwks'

/** The part of the runtime that needs no database: all that the gateway has. */
export function createEdge(name: FunctionName, settings: CommonSettings & { REDIS_URL: string }) {
  const log = createLog(name, settings.LOG_LEVEL)
  const metrics = createMetrics(name)
  const redis = createRedis({ url: settings.REDIS_URL, log, metrics })

  const fetchKeys = async (): Promise<JSONWebKeySet | undefined> => {
    const kept = await redis.attempt((client) => client.get(jwksKey))
    if (kept) return JSON.parse(kept) as JSONWebKeySet
    try {
      return (await calls(jwks, {})).body
    } catch (err) {
      log.warn({ err }, 'the public keys cannot be had')
      return undefined
    }
  }
  const tokens = createTokens({ self: name, serviceKey: settings.SERVICE_KEY, fetchKeys })
  const calls = createCalls({
    namespace: settings.NAMESPACE,
    ingressAddress: settings.INGRESS_ADDRESS,
    addresses: settings.FUNCTION_ADDRESSES,
    tokenFor: tokens.forCallee,
    metrics,
  })
  return {
    name,
    log,
    metrics,
    redis,
    tokens,
    calls,
    checkAnswers: settings.CHECK_ANSWERS,
    async close() {
      calls.close()
      await redis.close()
    },
  }
}

export type Edge = ReturnType<typeof createEdge>
