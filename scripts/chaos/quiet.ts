import { request } from 'node:http'
import { withClient } from '../../compose/local/databases.ts'
import { databaseOwners, type FunctionName } from '../../contracts/functions.ts'
import { codeOf } from '../../functions/_runtime/postgres-errors.ts'
import { pause } from './sales.ts'
import type { World } from './world.ts'

/** What still moves, by what it is; empty where nothing does. */
export type Unrest = Record<string, number>

/** A function that tells nobody anything has no outbox. */
const undefinedTable = '42P01'

/** Rows that say that somebody has yet to do something. */
const restless: [name: string, owner: FunctionName, sql: string][] = [
  [
    'orders',
    'orders',
    `select count(*)::int as n from orders
     where status in ('PENDING', 'HELD', 'PAID', 'REFUNDING') or closing is not null
       or (status = 'CONFIRMED' and tickets_issued_at is null)`,
  ],
  ['refunds', 'orders', `select count(*)::int as n from refunds where status = 'PENDING'`],
  [
    'payments',
    'payments',
    `select count(*)::int as n from payments where status = 'PENDING' or void_status = 'OPEN'`,
  ],
  [
    'refunds of payments',
    'payments',
    `select count(*)::int as n from refunds where status = 'PENDING'`,
  ],
  ['holds', 'seating', `select count(*)::int as n from holds where status = 'ACTIVE'`],
]

/** Waits until nothing moves any more, at most `msMax`; gives what still does, and how long it took. */
export async function untilQuiet(
  world: World,
  { msMax, isHurried }: { msMax: number; isHurried: boolean },
): Promise<{ tookMs: number; unrest: Unrest }> {
  const start = performance.now()
  for (;;) {
    const unrest = await unrestOf(world)
    const tookMs = performance.now() - start
    if (Object.keys(unrest).length === 0 || tookMs > msMax) return { tookMs, unrest }
    if (isHurried && tookMs > 2000) await hurry(world)
    await pause(500)
  }
}

async function unrestOf({ stack }: World): Promise<Unrest> {
  const unrest: Unrest = {}
  const count = async (name: string, owner: FunctionName, sql: string) => {
    const n = await withClient(stack.databaseUrl(owner), async (client) => {
      const { rows } = await client.query<{ n: number }>(sql)
      return rows[0]?.n ?? 0
    }).catch((err: unknown) => (codeOf(err) === undefinedTable ? 0 : -1))
    if (n !== 0) unrest[name] = n
  }
  for (const [name, owner, sql] of restless) await count(name, owner, sql)
  for (const owner of databaseOwners)
    await count(`unsent events of ${owner}`, owner, 'select count(*)::int as n from outbox_unsent')
  const { backlog } = await brokerOf(stack.url)
  for (const [trigger, n] of Object.entries(backlog)) unrest[`deliveries to ${trigger}`] = n
  return unrest
}

type BrokerState = { backlog: Record<string, number>; undeliverable: number }

/** What the Broker still has to deliver, as the emulator tells under its own name. */
export function brokerOf(url: string): Promise<BrokerState> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host: 'emulator.localhost' }, timeout: 5000 })
    asked.on('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve((JSON.parse(text) as { broker: BrokerState }).broker))
    })
    asked.on('timeout', () => asked.destroy(new Error('the emulator does not tell its state')))
    asked.on('error', reject)
    asked.end()
  })
}

/** Moves every later time to now, so that a short run sees in seconds what would happen within a minute. */
async function hurry({ stack }: World): Promise<void> {
  const later: [FunctionName, string, string][] = [
    ['orders', 'orders', 'due_at'],
    ['orders', 'refunds', 'due_at'],
    ['payments', 'payments', 'check_at'],
    ['payments', 'refunds', 'due_at'],
    ...databaseOwners.map((name): [FunctionName, string, string] => [
      name,
      'outbox_unsent',
      'due_at',
    ]),
  ]
  for (const [owner, table, column] of later)
    await withClient(stack.databaseUrl(owner), (client) =>
      client.query(`update ${table} set ${column} = now() where ${column} > now()`),
    ).catch(() => {})
}
