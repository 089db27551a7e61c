import { withClient } from '../../compose/local/databases.ts'
import { readLedger } from './checks/ledger.ts'
import type { Entry } from './schedule.ts'
import type { Diary } from './stories.ts'
import type { Span, World } from './world.ts'

/**
 * The hard states that a run must have been in: one that never was proves nothing. Each has the least number that
 * a minute of everything brings; a run that is asked for some faults only is asked for their states only.
 */
export type Counter = { count: number; perMinute: number; needs: readonly string[] }

export type Counters = Record<string, Counter>

const anyKill = ['kill', 'failpoint', 'machine-lost']

export async function countersOf(
  world: World,
  { purchases }: Diary,
  schedule: readonly Entry[],
): Promise<Counters> {
  const hits = (...names: string[]) =>
    schedule.reduce((sum, { fault, hits: n = 0 }) => sum + (names.includes(fault) ? n : 0), 0)
  const { counts } = world.delivery
  const { refunds } = await readLedger(world.stack.bankUrl)
  const { late, compensated, closedPaid } = await statesOf(world)
  const answers = purchases.flatMap((purchase) => purchase.answers)
  const repliesLost = [...world.edges.values()].reduce(
    (sum, edge) => sum + edge.counts.answersLost,
    0,
  )
  const commitsLost = [...world.edges].reduce(
    (sum, [name, edge]) => sum + (name.endsWith('>postgres') ? edge.counts.answersLost : 0),
    0,
  )
  const of = (count: number, perMinute: number, ...needs: string[]): Counter => ({
    count,
    perMinute,
    needs,
  })
  return {
    'purchases begun': of(purchases.length, 60),
    'purchases confirmed': of(purchases.filter(({ confirmed }) => confirmed).length, 15),
    'answers unknown to the client': of(answers.filter(({ kind }) => kind === 'info').length, 5),
    'answers replayed': of(
      answers.filter(({ headers }) => headers.get('idempotency-replayed')).length,
      4,
    ),
    kills: of(hits(...anyKill), 12, ...anyKill),
    'kills at failpoints': of(hits('failpoint'), 5, 'failpoint'),
    'frozen functions': of(hits('pause'), 2, 'pause'),
    'Postgres crashes and freezes': of(
      hits('postgres-crash', 'postgres-freeze', 'postgres-restart'),
      1,
      'postgres-crash',
    ),
    'Redis lost, frozen, flushed or full': of(
      hits('redis-crash', 'redis-freeze', 'redis-flush', 'redis-full'),
      3,
      'redis-flush',
    ),
    'orders placed without Redis': of(withoutRedis(answers, world.redisGone), 1, 'redis-crash'),
    'answers lost': of(repliesLost, 5, 'answer-lost'),
    'answers lost after COMMIT': of(commitsLost, 2, 'commit-lost'),
    'deliveries repeated': of(counts.repeated, 5, 'broker'),
    'deliveries late or failed': of(counts.late + counts.failed, 5, 'broker'),
    'events lost': of(counts.lost, 0.5, 'broker'),
    'charges of unknown outcome': of(
      world.provider.counts.unknown + purchases.filter(isUnanswered).length,
      4,
      'provider',
    ),
    'refunds that the provider refused': of(world.provider.counts.refundsRefused, 0.5, 'provider'),
    'webhooks repeated or late': of(world.provider.counts.webhooksRepeated, 1, 'provider'),
    'paid after the hold ran out': of(late, 1),
    'orders ended after money was taken': of(closedPaid, 0.5),
    compensations: of(refunds + compensated, 8),
  }
}

const isUnanswered = ({ wish }: { wish: object }) =>
  'payment' in wish && (wish.payment as { token: string }).token === 'tok_timeout'

type Timed = { kind: string; invokedMs: number; doneMs: number }

const withoutRedis = (answers: readonly Timed[], gone: readonly Span[]) =>
  answers.filter((answer) => answer.kind === 'ok' && isWithin(answer, gone)).length

/** True where some of the time was within one of the spans. */
export const isWithin = ({ invokedMs, doneMs }: Omit<Timed, 'kind'>, spans: readonly Span[]) =>
  spans.some(({ fromMs, untilMs }) => invokedMs < untilMs && doneMs > fromMs)

async function statesOf({ stack }: World) {
  const ask = async (name: 'orders' | 'payments', sql: string): Promise<number> =>
    withClient(stack.databaseUrl(name), async (client) => {
      const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${sql}`)
      return rows[0]?.n ?? 0
    })
  return {
    late: await ask('orders', `orders where confirmed_at > hold_expires_at`),
    closedPaid: await ask(
      'payments',
      `payments where status = 'REFUNDED' and void_status = 'DONE'`,
    ),
    compensated: await ask('payments', `payments where void_status = 'DONE'`),
  }
}

/** Which states were not reached often enough for so many seconds with these faults. */
export function missedOf(counters: Counters, seconds: number, names: readonly string[]): string[] {
  return Object.entries(counters).flatMap(([name, { count, perMinute, needs }]) => {
    const isAsked = needs.every((need) => names.includes(need))
    const least = leastOf(perMinute, seconds)
    return isAsked && count < least ? [`${name}: ${count}, at least ${least} wanted`] : []
  })
}

/** Half of one counts as none: a short run may be without what is rare. */
export const leastOf = (perMinute: number, seconds: number): number =>
  Math.floor((perMinute * seconds) / 60)
