import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { withClient } from '../../compose/local/databases.ts'
import { machine, median, percentile, round, table } from './figures.ts'
import { openFloor } from './floor.ts'
import type { Load, Loaded } from './load.ts'
import { openMarket, type Market } from './market.ts'

type Options = { seconds: number; runs: number; clients: number }

const perSecondMax = 3000
const warmUpSeconds = 5

/**
 * Purchases of two seats through the gateway, everything on, each run beside one of the floor: the machine's
 * speed drifts, their ratio less so.
 */
export async function benchPurchase({ seconds, runs, clients }: Options): Promise<void> {
  const say = (line: string) => console.error(line)
  const needed = (seconds * runs + warmUpSeconds) * perSecondMax
  const market = await openMarket(Math.ceil(needed / 100), 256, say)
  try {
    const floor = await openFloor(market.stack.adminUrl)
    say(`warm-up, ${warmUpSeconds} s`)
    await load(market, { seconds: warmUpSeconds, clients })
    await drained(market)
    const results: Run[] = []
    for (let i = 1; i <= runs; i++) {
      const floorPerSecond = await floor.perSecond(seconds)
      const run = { floorPerSecond, ...(await measure(market, { seconds, clients })) }
      results.push(run)
      say(`run ${i} of ${runs}: ${round(run.perSecond)}/s, floor ${round(floorPerSecond)}/s`)
    }
    print(results, { clients, how: floor.how })
  } finally {
    await market.close()
  }
}

type Run = {
  floorPerSecond: number
  perSecond: number
  drainedPerSecond: number
  p50Ms: number
  p99Ms: number
  refused: number
}

async function measure(market: Market, options: { seconds: number; clients: number }) {
  const began = performance.now()
  const { latenciesMs, statuses, elapsedMs, isExhausted } = await load(market, options)
  if (isExhausted) throw new Error('the seats ran out: raise perSecondMax')
  await drained(market)
  const bought = statuses[201] ?? 0
  const total = latenciesMs.length
  return {
    perSecond: bought / (elapsedMs / 1000),
    drainedPerSecond: bought / ((performance.now() - began) / 1000),
    p50Ms: percentile(latenciesMs, 50),
    p99Ms: percentile(latenciesMs, 99),
    refused: total - bought,
  }
}

function load(
  { stack, pairs, tokens }: Market,
  { seconds, clients }: { seconds: number; clients: number },
): Promise<Loaded> {
  const orders = pairs.splice(0, seconds * perSecondMax).map(({ eventId, seatIds }) => ({
    key: randomUUID(),
    body: JSON.stringify({ eventId, seatIds, payment: { method: 'CARD', token: 'tok_ok' } }),
  }))
  const child = fork(resolve('scripts/bench/load.ts'))
  return new Promise((fulfil, reject) => {
    child.once('message', (loaded) => fulfil(loaded as Loaded))
    child.once('error', reject)
    child.send({ url: stack.url, seconds, clients, tokens, orders } satisfies Load)
  })
}

/** Until the last ticket is issued and known, and nothing waits to be sent. */
async function drained({ stack }: Market): Promise<void> {
  await withClient(stack.databaseUrl('orders'), async (client) => {
    for (let i = 0; i < 1200; i++) {
      const { rows } = await client.query<{ open: boolean }>(
        `select exists (select from orders where status = 'CONFIRMED' and tickets_issued_at is null)
           or exists (select from outbox_unsent) as open`,
      )
      if (!rows[0]?.open) return
      await new Promise((fulfil) => setTimeout(fulfil, 100))
    }
    throw new Error('tickets were not issued within two minutes')
  })
}

function print(runs: Run[], { clients, how }: { clients: number; how: string }): void {
  const of = (pick: (run: Run) => number, digits = 0) => {
    const values = runs.map(pick)
    return [
      round(median(values), digits),
      `${round(Math.min(...values), digits)} – ${round(Math.max(...values), digits)}`,
    ]
  }
  const ratio = (run: Run) => run.perSecond / run.floorPerSecond
  const drainedRatio = (run: Run) => run.drainedPerSecond / run.floorPerSecond
  console.log(
    table(
      [`purchase, ${clients} clients, ${runs.length} runs`, 'median', 'min – max'],
      [
        ['purchases/s until 201', ...of((run) => run.perSecond)],
        ['purchases/s until the tickets are issued', ...of((run) => run.drainedPerSecond)],
        ['p50 ms', ...of((run) => run.p50Ms, 1)],
        ['p99 ms', ...of((run) => run.p99Ms, 1)],
        ['not 201', ...of((run) => run.refused)],
        [`floor/s (${how})`, ...of((run) => run.floorPerSecond)],
        ['ratio until 201', ...of(ratio, 3)],
        ['ratio until the tickets are issued', ...of(drainedRatio, 3)],
      ],
    ),
  )
  const first = (pick: (run: Run) => number, digits = 0) => of(pick, digits)[0]
  console.log(
    JSON.stringify({
      bench: 'purchase',
      clients,
      runs: runs.length,
      perSecond: first((run) => run.perSecond),
      drainedPerSecond: first((run) => run.drainedPerSecond),
      p50Ms: first((run) => run.p50Ms, 1),
      p99Ms: first((run) => run.p99Ms, 1),
      floorPerSecond: first((run) => run.floorPerSecond),
      ratio: first(ratio, 3),
      drainedRatio: first(drainedRatio, 3),
      machine: machine(),
    }),
  )
}
