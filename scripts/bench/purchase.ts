import { drained, mailed } from './drained.ts'
import { percentile, round } from './figures.ts'
import { openFloor } from './floor.ts'
import { countOthers, generate, latenciesOf, rateOf, type Ask } from './generator.ts'
import { openMarket, type Market } from './market.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'
import { choicesOf, openSales, toOrder } from './sales.ts'

const perSecondMax = 3000
const warmUpSeconds = 5

/**
 * Purchases of two seats through the gateway, everything on, each run beside one of the floor: the machine's
 * speed drifts, their ratio less so.
 */
export async function benchPurchase({ seconds, runs, clients, say }: Options): Promise<Report> {
  const market = await openMarket(256)
  const events = Math.ceil(((seconds * runs + warmUpSeconds) * perSecondMax) / 100)
  say(`${events} events on sale`)
  const asks = (await choicesOf(market, await openSales(market, events))).map(toOrder)
  const floor = await openFloor(market.stack.adminUrl, 'purchase')
  say(`warm-up, ${warmUpSeconds} s`)
  await measure(market, asks.splice(0, warmUpSeconds * perSecondMax), {
    seconds: warmUpSeconds,
    clients,
  })
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const floorPerSecond = await floor.perSecond(seconds)
    const some = asks.splice(0, seconds * perSecondMax)
    const run = { floorPerSecond, ...(await measure(market, some, { seconds, clients })) }
    taken.push(run)
    say(`run ${i} of ${runs}: ${round(run.perSecond)}/s, floor ${round(floorPerSecond)}/s`)
  }
  return reportOf(taken, clients, floor.how)
}

type Run = Awaited<ReturnType<typeof measure>> & { floorPerSecond: number }

async function measure(
  market: Market,
  asks: Ask[],
  { seconds, clients }: { seconds: number; clients: number },
) {
  const began = performance.now()
  const { url } = market.stack
  const loaded = await generate({ url, seconds, clients, tokens: market.tokens, asks })
  if (loaded.isExhausted) throw new Error('the seats ran out: raise perSecondMax')
  await drained(market)
  const drainedMs = performance.now() - began
  await mailed(market)
  const mailedMs = performance.now() - began
  const bought = latenciesOf(loaded, 201).length
  return {
    perSecond: rateOf(loaded, 201),
    drainedPerSecond: (bought / drainedMs) * 1000,
    mailedPerSecond: (bought / mailedMs) * 1000,
    p50Ms: percentile(latenciesOf(loaded), 50),
    p99Ms: percentile(latenciesOf(loaded), 99),
    refused: countOthers(loaded, 201),
  }
}

function reportOf(taken: Run[], clients: number, how: string): Report {
  const of = (pick: (run: Run) => number) => taken.map(pick)
  const runs = taken.length
  return report(
    'purchase',
    `purchase, ${clients} clients, ${runs} runs`,
    { clients, runs, floor: how },
    [
      { key: 'perSecond', label: 'purchases/s until 201', values: of((run) => run.perSecond) },
      {
        key: 'drainedPerSecond',
        label: 'purchases/s until the tickets are issued',
        values: of((run) => run.drainedPerSecond),
      },
      {
        key: 'mailedPerSecond',
        label: 'purchases/s until the mails are out',
        values: of((run) => run.mailedPerSecond),
      },
      { key: 'p50Ms', label: 'p50 ms', values: of((run) => run.p50Ms), digits: 1 },
      {
        key: 'p99Ms',
        label: 'p99 ms',
        values: of((run) => run.p99Ms),
        digits: 1,
        target: { max: 100 },
      },
      { key: 'refused', label: 'not 201', values: of((run) => run.refused) },
      {
        key: 'floorPerSecond',
        label: `floor/s (${how})`,
        values: of((run) => run.floorPerSecond),
      },
      {
        key: 'ratio',
        label: 'ratio until 201',
        values: of((run) => run.perSecond / run.floorPerSecond),
        digits: 3,
        target: { min: 0.5 },
      },
      {
        key: 'drainedRatio',
        label: 'ratio until the tickets are issued',
        values: of((run) => run.drainedPerSecond / run.floorPerSecond),
        digits: 3,
        target: { min: 0.2 },
      },
      {
        key: 'mailedRatio',
        label: 'ratio until the mails are out',
        values: of((run) => run.mailedPerSecond / run.floorPerSecond),
        digits: 3,
      },
    ],
  )
}
