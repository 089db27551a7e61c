import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { events, type EventData, type EventType } from '../../contracts/events.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import type { Role } from '../../contracts/route.ts'
import { freePort } from '../../compose/local/ports.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { withClient } from '../../compose/local/databases.ts'
import { createRuntime } from '../../functions/_runtime/runtime.ts'
import { signEvent } from '../../functions/_runtime/signature.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { readConfig } from '../../functions/users/config.ts'
import { createDeps } from '../../functions/users/deps.ts'
import { startStack, type StackOptions } from '../../scripts/stack.ts'

export type Answer = { status: number; body: any; text: string; headers: Headers }

/** All of Boxoffice as `npm start` runs it, in a folder of its own, with tokens for whoever a test needs. */
export async function openMarket(options: Partial<StackOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-market-'))
  const lines: string[] = []
  const stack = await startStack({
    folder,
    port: await freePort(),
    brokerPort: await freePort(),
    isDurable: false,
    say: (line) => lines.push(line),
    ...options,
  })
  const config = readConfig({
    DATABASE_URL: stack.databaseUrl('users'),
    REDIS_URL: stack.redisUrl,
    BROKER_URL: stack.brokerUrl,
    SERVICE_KEY: stack.secrets.serviceKey,
    EVENT_KEY: stack.secrets.eventKey,
    KEY_SECRET: stack.secrets.usersKey,
    CONTACT_KEY: stack.secrets.contactKey,
    LOG_LEVEL: 'silent',
  })
  const runtime = createRuntime('users', config, async () => [])
  const users = createDeps(runtime, config)

  /** Asks through the gateway. A connection that breaks is status 0. */
  async function ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    try {
      const response = await fetch(stack.url + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      })
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return {
        status: response.status,
        body: isJson ? JSON.parse(text) : undefined,
        text,
        headers: response.headers,
      }
    } catch {
      return { status: 0, body: undefined, text: '', headers: new Headers() }
    }
  }

  /** Somebody with a token; one that has expired where he has less than no time left. */
  async function person(
    roles: Role[] = ['customer'],
    id = newId(),
    accessSeconds = users.accessSeconds,
  ) {
    const signing = { ...users, accessSeconds }
    const token = await newAccessToken(signing, { userId: id, sessionId: newId(), roles })
    const as = (
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => ask(method, path, body, { authorization: `Bearer ${token}`, ...headers })
    return {
      id,
      token,
      ask: as,
      order: (body: object, key = newId()) =>
        as('POST', '/v1/orders', body, { 'idempotency-key': key }),
    }
  }

  /** An event that an organizer has published, once its seats are there and everybody has heard of it. */
  async function openSale(width = 10, rows = 1) {
    const organizer = await person(['organizer'])
    const names = Array.from({ length: rows }, (_, i) => String.fromCharCode(65 + i))
    const layout = {
      sections: [
        {
          name: 'Stalls',
          priceZone: 'all',
          rows: names.map((name) => ({ name, ranges: [[1, width]] })),
        },
      ],
    }
    const venue = await organizer.ask('POST', '/v1/venues', {
      name: 'The Hall',
      city: 'Pune',
      layout,
    })
    const day = 86_400_000
    const draft = await organizer.ask('POST', '/v1/events', {
      title: 'A Play',
      type: 'Play',
      venueId: venue.body.id,
      startsAt: new Date(Date.now() + 7 * day).toISOString(),
      endsAt: new Date(Date.now() + 7 * day + 7_200_000).toISOString(),
      currency: 'INR',
      prices: { all: 50_000 },
    })
    const eventId: string = draft.body.id
    await organizer.ask('POST', `/v1/events/${eventId}/publish`)
    await until(
      'the seats are there',
      async () => (await ask('GET', `/v1/events/${eventId}`)).body.seatsGenerated === width * rows,
    )
    await until(
      'orders has heard of the event',
      async () =>
        (await sql('orders', 'select 1 from events where id = $1', [eventId])).length === 1,
    )
    const map = await ask('GET', `/v1/seats/map?eventId=${eventId}`)
    return { eventId, seatIds: map.body.ids as string[], organizer }
  }

  /** Publishes a signed CloudEvent, as the function that owns its type would. */
  async function publish<Type extends EventType>(
    type: Type,
    subject: string,
    data: EventData<Type>,
  ) {
    const event = { id: newId(), source: `/functions/${events[type].from}`, type, subject, data }
    const response = await fetch(stack.brokerUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': event.id,
        'ce-source': event.source,
        'ce-type': type,
        'ce-subject': subject,
        'ce-sig': signEvent(stack.secrets.eventKey, event),
      },
      body: JSON.stringify(data),
    })
    return response.status
  }

  const sql = (name: FunctionName, text: string, values: unknown[] = []): Promise<any[]> =>
    withClient(stack.databaseUrl(name), async (client) => (await client.query(text, values)).rows)

  return {
    ...stack,
    folder,
    lines,
    ask,
    person,
    openSale,
    publish,
    sql,
    /** What the bank says that it took and gave back for an order. */
    async ledgerOf(orderId: string) {
      const response = await fetch(`${stack.bankUrl}/charges/${orderId}`)
      if (response.status === 404) return { taken: 0, back: 0 }
      const {
        status,
        amountMinor,
        refundedMinor = 0,
      } = (await response.json()) as Record<string, any>
      return { taken: status === 'succeeded' ? amountMinor : 0, back: refundedMinor }
    },
    sealContact: (userId: string) =>
      users.contacts.seal(userId, { name: 'A Buyer', email: `${userId}@example.com` }),
    pidsOf: (name: FunctionName) =>
      stack.emulator.status()[name]?.processes.map(({ pid }) => pid) ?? [],
    async close() {
      await runtime.close()
      await stack.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Market = Awaited<ReturnType<typeof openMarket>>

export const card = (token: string) => ({ payment: { method: 'CARD', token } })

/** Waits until something comes true, or fails with its name. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  msMax = 20_000,
): Promise<number> {
  const start = performance.now()
  while (!(await condition())) {
    if (performance.now() - start > msMax) throw new Error(`not after ${msMax} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return performance.now() - start
}
