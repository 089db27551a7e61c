import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../compose/local/ports.ts'
import { withClient } from '../../compose/local/databases.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { createRuntime } from '../../functions/_runtime/runtime.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { readConfig } from '../../functions/users/config.ts'
import { createDeps } from '../../functions/users/deps.ts'
import { startStack, type Stack } from '../stack.ts'

const seatsOfEvent = 200

/** Everything, warm and in a folder of its own, with events on sale and tokens of buyers. */
export type Market = {
  stack: Stack
  /** Pairs of seats that nobody has yet, with their event. */
  pairs: { eventId: string; seatIds: string[] }[]
  tokens: string[]
  close(): Promise<void>
}

export async function openMarket(
  events: number,
  buyers: number,
  say: (line: string) => void,
): Promise<Market> {
  const folder = await mkdtemp(join(tmpdir(), 'boxoffice-bench-'))
  const stack = await startStack({
    folder,
    port: await freePort(),
    brokerPort: await freePort(),
    isTogether: true,
    // One machine buys for thousands here. What the limits cost is measured, where they lie is not.
    settings: () => ({
      LOG_LEVEL: 'warn',
      RATE_LIMITS: 'purchases.user=1000000/60,purchases.address=10000000/60',
    }),
    say: () => {},
  })
  say(`${events} events with ${seatsOfEvent} seats each, ${buyers} buyers`)
  const eventIds = Array.from({ length: events }, newId)
  await fill(stack, eventIds)
  const pairs = await withClient(stack.databaseUrl('seating'), async (client) => {
    const { rows } = await client.query<{ event_id: string; ids: string[] }>(
      'select event_id, array_agg(id order by ordinal) as ids from seats group by event_id',
    )
    return rows.flatMap(({ event_id: eventId, ids }) =>
      Array.from({ length: ids.length / 2 }, (_, i) => ({
        eventId,
        seatIds: ids.slice(i * 2, i * 2 + 2),
      })),
    )
  })
  const tokens = await mint(stack, buyers)
  return {
    stack,
    pairs,
    tokens,
    async close() {
      await stack.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Puts the events where they belong by SQL: making them is not what is measured. */
async function fill(stack: Stack, eventIds: string[]): Promise<void> {
  const times = `now() + interval '7 days', now() + interval '8 days'`
  await withClient(stack.databaseUrl('seating'), async (client) => {
    await client.query('set statement_timeout = 0')
    await client.query(
      `insert into events (id, status, starts_at, ends_at, currency, layout_version, version, seats_total, is_sold_out)
       select id, 'ON_SALE', ${times}, 'INR', 1, 1, $2, false from unnest($1::uuid[]) as e (id)`,
      [eventIds, seatsOfEvent],
    )
    await client.query(
      `insert into seats (id, event_id, ordinal, label, section, "row", number, price_minor)
       select uuidv7(), e.id, n, 'A-' || n, 'Stalls', 'A', n, 50000
       from unnest($1::uuid[]) as e (id), generate_series(1, $2::int) as n`,
      [eventIds, seatsOfEvent],
    )
    await client.query('analyze seats')
  })
  await withClient(stack.databaseUrl('orders'), (client) =>
    client.query(
      `insert into events (id, title, status, starts_at, ends_at, currency, version)
       select id, 'A play', 'ON_SALE', ${times}, 'INR', 1 from unnest($1::uuid[]) as e (id)`,
      [eventIds],
    ),
  )
}

async function mint(stack: Stack, count: number): Promise<string[]> {
  const config = readConfig({
    DATABASE_URL: stack.databaseUrl('users'),
    REDIS_URL: stack.redisUrl,
    BROKER_URL: stack.brokerUrl,
    SERVICE_KEY: stack.secrets.serviceKey,
    EVENT_KEY: stack.secrets.eventKey,
    KEY_SECRET: stack.secrets.usersKey,
    LOG_LEVEL: 'silent',
  })
  const runtime = createRuntime('users', config, async () => [])
  const deps = createDeps(runtime, config)
  const tokens = await Promise.all(
    Array.from({ length: count }, () =>
      newAccessToken(deps, { userId: newId(), sessionId: newId(), roles: ['customer', 'admin'] }),
    ),
  )
  await runtime.close()
  return tokens
}
