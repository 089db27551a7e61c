import { openBareServer } from './bare-server.ts'
import { percentile, round } from './figures.ts'
import { generate, latenciesOf, mustAnswer, rateOf, type Loaded } from './generator.ts'
import { openMarket } from './market.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'
import { choicesOf, openSales, toReserve } from './sales.ts'

const seats = 20_000
/** Who looks, and how often: 20 maps a second, each of which has changed since the last. */
const readers = { clients: 4, paceMs: 200 }
/** Who holds seats and releases them meanwhile: 100 changes a second. */
const holders = { clients: 10, paceMs: 200, isRepeated: true, isReleasing: true } as const
const warmUpSeconds = 3

/** The map of a large hall through the gateway while holds change it, at a steady pace and then as fast as it goes. */
export async function benchSeatMap({ seconds, runs, say }: Options): Promise<Report> {
  const { stack, tokens } = await openMarket(256)
  const [eventId = ''] = await openSales({ stack, tokens }, 1, seats)
  const asks = [{ method: 'GET' as const, path: `/v1/seats/map?eventId=${eventId}` }]
  const holds = (await choicesOf({ stack, tokens }, [eventId])).map(toReserve)
  const map = await fetch(stack.url + asks[0]?.path)
  const bytes = (await map.arrayBuffer()).byteLength
  const bare = await openBareServer(bytes)

  async function look(url: string, during: number, pace: typeof readers | { clients: number }) {
    const loaded = await generate({ url, tokens, asks, isRepeated: true, seconds: during, ...pace })
    mustAnswer(loaded, 200)
    return loaded
  }
  /** The same while seats change. */
  async function lookAndHold(during: number, pace: typeof readers | { clients: number }) {
    const [loaded, held] = await Promise.all([
      look(stack.url, during, pace),
      generate({ url: stack.url, tokens, asks: holds, seconds: during, ...holders }),
    ])
    mustAnswer(held, 201)
    return loaded
  }

  await lookAndHold(warmUpSeconds, readers)
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const floor = await look(bare, seconds, readers)
    const paced = await lookAndHold(seconds, readers)
    taken.push({ floor, paced, most: await lookAndHold(seconds, { clients: readers.clients }) })
    say(`run ${i} of ${runs}: p95 ${round(percentile(latenciesOf(paced), 95))} ms`)
  }
  return reportOf(taken, bytes)
}

type Run = { floor: Loaded; paced: Loaded; most: Loaded }

function reportOf(taken: Run[], bytes: number): Report {
  const ms = (which: 'floor' | 'paced', percent: number) =>
    taken.map((run) => percentile(latenciesOf(run[which]), percent))
  const runs = taken.length
  return report(
    'seat-map',
    `map of ${seats} seats, ${round(bytes / 1024)} KiB, 20 a second, ${runs} runs`,
    { seats, bytes, runs },
    [
      { key: 'p50Ms', label: 'p50 ms', values: ms('paced', 50), digits: 1 },
      { key: 'p95Ms', label: 'p95 ms', values: ms('paced', 95), digits: 1, target: { max: 50 } },
      { key: 'p99Ms', label: 'p99 ms', values: ms('paced', 99), digits: 1 },
      {
        key: 'floorP95Ms',
        label: 'floor, p95 ms (bare node:http, as many bytes)',
        values: ms('floor', 95),
        digits: 1,
      },
      {
        key: 'perSecondMax',
        label: `maps/s at most, ${readers.clients} clients`,
        values: taken.map(({ most }) => rateOf(most)),
      },
    ],
  )
}
