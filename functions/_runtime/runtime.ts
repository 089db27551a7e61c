import type { FunctionName } from '../../contracts/functions.ts'
import type { AppParts } from './app.ts'
import { createBroker } from './broker.ts'
import type { Calls } from './calls.ts'
import { createEdge } from './edge.ts'
import { createDatabase, type Database, type DatabaseOptions } from './database.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import type { RedisAttempts } from './redis.ts'
import type { CommonSettings } from './settings.ts'

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
    batchUrl: settings.BROKER_BATCH_URL,
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

export { jwksKey } from './edge.ts'
