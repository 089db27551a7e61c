import { percentile, round } from './figures.ts'
import { openFloor } from './floor.ts'
import { generate, latenciesOf, mustAnswer, rateOf, type Ask, type Loaded } from './generator.ts'
import { openMarket } from './market.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'
import { choicesOf, openSales, toReserve } from './sales.ts'

const perSecondMax = 6000
const warmUpSeconds = 5
/** Events whose seats change hands again and again. */
const eventsToRelease = 200

/** Holds of two seats through the gateway: on seats that nobody has yet, and in turn with their release. */
export async function benchHold({ seconds, runs, clients, say }: Options): Promise<Report> {
  const market = await openMarket(256)
  const events = Math.ceil((seconds * runs * perSecondMax) / 100)
  say(`${events + eventsToRelease} events on sale`)
  const fresh = (await choicesOf(market, await openSales(market, events))).map(toReserve)
  const again = (await choicesOf(market, await openSales(market, eventsToRelease))).map(toReserve)
  const floor = await openFloor(market.stack.adminUrl, 'hold')
  const load = (asks: Ask[], more: { seconds: number; isReleasing?: true; isRepeated?: true }) =>
    generate({ url: market.stack.url, clients, tokens: market.tokens, asks, ...more })

  say(`warm-up, ${warmUpSeconds} s`)
  await load(again, { seconds: warmUpSeconds, isReleasing: true, isRepeated: true })
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const floorPerSecond = await floor.perSecond(seconds)
    const held = await load(fresh.splice(0, seconds * perSecondMax), { seconds })
    if (held.isExhausted) throw new Error('the seats ran out: raise perSecondMax')
    const turned = await load(again, { seconds, isReleasing: true, isRepeated: true })
    for (const loaded of [held, turned]) mustAnswer(loaded, 201)
    taken.push({ floorPerSecond, held, turned })
    say(`run ${i} of ${runs}: ${round(rateOf(held))}/s, floor ${round(floorPerSecond)}/s`)
  }
  return reportOf(taken, clients, floor.how)
}

type Run = { floorPerSecond: number; held: Loaded; turned: Loaded }

function reportOf(taken: Run[], clients: number, how: string): Report {
  const of = (pick: (run: Run) => number) => taken.map(pick)
  const heldMs = (percent: number) => of(({ held }) => percentile(latenciesOf(held), percent))
  const runs = taken.length
  return report('hold', `hold, ${clients} clients, ${runs} runs`, { clients, runs, floor: how }, [
    {
      key: 'perSecond',
      label: 'holds/s',
      values: of(({ held }) => rateOf(held)),
      target: { min: 2000 },
    },
    { key: 'p50Ms', label: 'p50 ms', values: heldMs(50), digits: 1 },
    { key: 'p95Ms', label: 'p95 ms', values: heldMs(95), digits: 1, target: { max: 60 } },
    { key: 'p99Ms', label: 'p99 ms', values: heldMs(99), digits: 1 },
    {
      key: 'turnedPerSecond',
      label: 'holds/s, each released before the next',
      values: of(({ turned }) => rateOf(turned)),
    },
    {
      key: 'releaseP95Ms',
      label: 'p95 ms of a release',
      values: of(({ turned }) => percentile(turned.releasesMs, 95)),
      digits: 1,
    },
    {
      key: 'floorPerSecond',
      label: `floor/s (${how})`,
      values: of((run) => run.floorPerSecond),
    },
    {
      key: 'ratio',
      label: 'ratio',
      values: of(({ held, floorPerSecond }) => rateOf(held) / floorPerSecond),
      digits: 3,
    },
  ])
}
