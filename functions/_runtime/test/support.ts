import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Migration } from '@mikro-orm/migrations'
import { inboxTable } from '../inbox.ts'
import type { Migrations } from '../migrate.ts'
import { outboxTables } from '../outbox.ts'
import { createRuntime } from '../runtime.ts'
import { commonSettings, databaseSettings, readSettings, redisSettings } from '../settings.ts'
import { testEnv } from '../testing/env.ts'
import { endTesting } from '../testing/services.ts'

class Tables extends Migration {
  override up() {
    this.addSql(inboxTable)
    this.addSql(outboxTables)
    this.addSql('create table effects (id text)')
  }
}

export const migrations: Migrations = [{ name: 'tables', class: Tables }]

/** The runtime of a function that has nothing but an inbox, an outbox and a table of effects. */
export async function openRuntime(more: Record<string, string> = {}) {
  const env = { ...(await testEnv('orders', migrations)), ...more }
  const settings = readSettings({ ...commonSettings, ...databaseSettings, ...redisSettings }, env)
  const runtime = createRuntime('orders', settings, async () => [])
  return {
    ...runtime,
    env,
    async close() {
      await runtime.close()
      await endTesting()
    },
  }
}

export type Opened = Awaited<ReturnType<typeof openRuntime>>

export type Received = {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

/** A server on the loopback that notes what it gets and answers as it is told at the moment. */
export async function openServer(answer: (outgoing: ServerResponse, request: Received) => void) {
  const received: Received[] = []
  const server: Server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => (body += chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      received.push({ method, url, headers, body })
      answer(outgoing, { method, url, headers, body })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    received,
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
