import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { startBank } from '../compose/bank/bank.ts'
import { events, type EventContract, type EventType } from '../contracts/events.ts'
import { createDatabase, statement, type Database } from '../functions/_runtime/database.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { createLog } from '../functions/_runtime/log.ts'
import type { Loaded } from '../functions/_runtime/serve.ts'
import { look } from '../functions/_runtime/testing/ask.ts'
import { testEnv } from '../functions/_runtime/testing/env.ts'
import { endTesting } from '../functions/_runtime/testing/services.ts'
import { accessToken, eventKey } from '../functions/_runtime/testing/tokens.ts'
import { signEvent } from '../functions/_runtime/signature.ts'
import { migrationsOf } from '../scripts/migrations.ts'

const names = ['seating', 'payments', 'orders'] as const
type Name = (typeof names)[number]
type Settings = Partial<Record<Name, Record<string, string>>>

export type Answer = { status: number; body: any; text: string; headers: Headers }

/**
 * The functions that a purchase needs and the bank, in this process but over real HTTP, on databases of their
 * own. CloudEvents go from one to the other when a test says so. `databaseAt` puts a pooler before a database.
 */
export async function openShop(more: Settings = {}, databaseAt = async (url: string) => url) {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-shop-'))
  const webhookKey = 'a key that the bank and payments share in tests'
  const servers: { close(): Promise<unknown> }[] = []
  const addresses: Partial<Record<Name, string>> = {}
  const databases = {} as Record<Name, Database>

  const bank = await startBank({ ledger: join(folder, 'ledger.jsonl'), webhookKey })
  servers.push(bank)
  for (const name of names) {
    const env = await testEnv(name, await migrationsOf(name))
    const { start } = (await import(`../functions/${name}/start.ts`)) as {
      start(env: NodeJS.ProcessEnv): Loaded
    }
    const loaded = start({
      ...env,
      DATABASE_URL: await databaseAt(env.DATABASE_URL ?? ''),
      DATABASE_CONNECTIONS: '10',
      SANDBOX_URL: bank.url,
      SANDBOX_WEBHOOK_KEY: webhookKey,
      FUNCTION_ADDRESSES: Object.entries(addresses)
        .map((pair) => pair.join('='))
        .join(),
      ...more[name],
    })
    const { close, address } = await listen(loaded)
    addresses[name] = address
    servers.push({ close })
    databases[name] = createDatabase({
      url: env.DATABASE_URL ?? '',
      connections: 2,
      prepared: true,
      entities: async () => [],
      log: createLog('test', 'silent'),
    })
  }

  async function ask(name: Name, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`http://${addresses[name]}${path}`, init)
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : undefined,
      text,
      headers: response.headers,
    }
  }

  /** Delivers what a function has told and nobody has heard, as the Broker would. */
  async function deliver(from: Name): Promise<number> {
    const rows = await databases[from].query<{
      id: string
      type: EventType
      aggregateid: string
      payload: unknown
    }>(statement('', 'delete from outbox_unsent u using outbox o where o.id = u.id returning o.*'))
    for (const row of rows)
      for (const to of (events[row.type] as EventContract).to)
        if (to in databases) await hand(to as Name, { ...row, source: `/functions/${from}` })
    return rows.length
  }

  async function hand(
    to: Name,
    row: { id: string; type: string; aggregateid: string; payload: unknown; source: string },
  ) {
    const event = {
      id: row.id,
      source: row.source,
      type: row.type,
      subject: row.aggregateid,
      data: row.payload,
    }
    return ask(to, '/', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': event.id,
        'ce-source': event.source,
        'ce-type': event.type,
        'ce-subject': event.subject,
        'ce-sig': signEvent(eventKey, event),
      },
      body: JSON.stringify(event.data),
    })
  }

  return {
    ask,
    urlOf: (name: Name, path: string) => `http://${addresses[name]}${path}`,
    deliver,
    hand,
    databases,
    bankUrl: bank.url,
    look: (name: Name, text: string, values: unknown[] = []) => look(databases[name], text, values),
    /** A buyer who signs his requests. */
    async buyer(id = newId()) {
      const token = await accessToken(id)
      const at =
        (name: Name) =>
        (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
          ask(name, path, {
            method,
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': 'application/json',
              ...headers,
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          })
      const as = at('orders')
      return {
        id,
        ask: as,
        at,
        order: (body: object, key = newId(), headers: Record<string, string> = {}) =>
          as('POST', '/v1/orders', body, { 'idempotency-key': key, ...headers }),
      }
    },
    /** What the bank says that it took and gave back for an order. */
    async ledgerOf(orderId: string) {
      const response = await fetch(`${bank.url}/charges/${orderId}`)
      if (response.status === 404) return { taken: 0, back: 0 }
      type Charge = { status: string; amountMinor: number; refundedMinor?: number }
      const charge = (await response.json()) as Charge
      return {
        taken: charge.status === 'succeeded' ? charge.amountMinor : 0,
        back: charge.refundedMinor ?? 0,
      }
    },
    async close() {
      for (const server of servers.toReversed()) await server.close()
      for (const database of Object.values(databases)) await database.close()
      await endTesting()
    },
  }
}

export type Shop = Awaited<ReturnType<typeof openShop>>

export async function listen({ answer, close }: Loaded) {
  if (!('fetch' in answer)) throw new Error('not an app')
  const server = createServer(getRequestListener(answer.fetch, { overrideGlobalObjects: false }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await close()
    },
  }
}

/** An event on sale with one row of `width` seats at 500.00 each, known to seating and to orders. */
export async function openSale({ databases }: Shop, width = 10) {
  const eventId = newId()
  const seatIds = Array.from({ length: width }, newId)
  const times = `now() + interval '7 days', now() + interval '8 days'`
  await databases.seating.query(
    statement(
      '',
      `insert into events (id, status, starts_at, ends_at, currency, layout_version, version, seats_total, is_sold_out)
      values ($1, 'ON_SALE', ${times}, 'INR', 1, 1, $2, false)`,
    ),
    [eventId, width],
  )
  await databases.seating.query(
    statement(
      '',
      `insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor)
      select id, $1, place, 'A-' || place, 'Stalls', 'A', place, 50000 from unnest($2::uuid[]) with ordinality as s (id, place)`,
    ),
    [eventId, seatIds],
  )
  await databases.orders.query(
    statement(
      '',
      `insert into events (id, title, status, starts_at, ends_at, currency, version)
      values ($1, 'A play', 'ON_SALE', ${times}, 'INR', 1)`,
    ),
    [eventId],
  )
  return { eventId, seatIds }
}

export const card = (token: string) => ({ payment: { method: 'CARD', token } })
