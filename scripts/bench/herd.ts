import { withClient } from '../../compose/local/databases.ts'
import { openBareServer } from './bare-server.ts'
import { mailed } from './drained.ts'
import { percentile, round } from './figures.ts'
import { generate, latenciesOf, rateOf, type Ask, type Loaded } from './generator.ts'
import { openMarket, type Market } from './market.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'
import { choicesOf, openSales, toOrder } from './sales.ts'

const buyers = 10_000
const seats = 100
/** Of an answer that says that a seat is taken. */
const refusalBytes = 500
const secondsMax = 120
const warmUpSeconds = 5

/** Ten thousand people, each of whom wants one of a hundred seats at the same moment. */
export async function benchHerd({ runs, clients, say }: Options): Promise<Report> {
  const market = await openMarket(buyers)
  const { url } = market.stack
  const rush = (at: string, asks: Ask[], seconds = secondsMax) =>
    generate({ url: at, seconds, clients, tokens: market.tokens, asks })
  const bare = await openBareServer(refusalBytes)

  say(`warm-up, ${warmUpSeconds} s`)
  await rush(url, (await sale(market)).asks, warmUpSeconds)
  await mailed(market)
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const { eventId, asks } = await sale(market)
    const floor = await rush(bare, asks)
    const herd = await rush(url, asks)
    await mailed(market)
    const sold = await soldOf(market, eventId)
    if (sold !== latenciesOf(herd, 201).length)
      throw new Error(`${latenciesOf(herd, 201).length} bought, and ${sold} seats are sold`)
    taken.push({ floor, herd })
    say(`run ${i} of ${runs}: p99 ${round(percentile(latenciesOf(herd, 409), 99))} ms`)
  }
  return reportOf(taken, clients)
}

/** A hundred seats, and for each of them as many buyers, one of each in turn. */
async function sale(market: Market) {
  const [eventId = ''] = await openSales(market, 1, seats)
  const single = (await choicesOf(market, [eventId], 1)).map(toOrder)
  const asks = Array.from({ length: buyers }, (_, i) => single[i % seats] as Ask)
  return { eventId, asks }
}

const soldOf = ({ stack }: Market, eventId: string) =>
  withClient(stack.databaseUrl('seating'), async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int as count from allocations where event_id = $1',
      [eventId],
    )
    return rows[0]?.count ?? 0
  })

type Run = { floor: Loaded; herd: Loaded }

function reportOf(taken: Run[], clients: number): Report {
  const runs = taken.length
  const lost = (percent: number) =>
    taken.map(({ herd }) => percentile(latenciesOf(herd, 409), percent))
  return report(
    'herd',
    `herd of ${buyers} for ${seats} seats, ${clients} clients, ${runs} runs`,
    { buyers, seats, clients, runs },
    [
      { key: 'loserP50Ms', label: 'p50 ms of who loses', values: lost(50), digits: 1 },
      {
        key: 'loserP99Ms',
        label: 'p99 ms of who loses',
        values: lost(99),
        digits: 1,
        target: { max: 1000 },
      },
      {
        key: 'winnerP99Ms',
        label: 'p99 ms of who wins',
        values: taken.map(({ herd }) => percentile(latenciesOf(herd, 201), 99)),
        digits: 1,
      },
      {
        key: 'winners',
        label: 'who win',
        values: taken.map(({ herd }) => latenciesOf(herd, 201).length),
        target: { min: seats },
      },
      {
        key: 'others',
        label: 'answers that are neither 201 nor 409',
        values: taken.map(
          ({ herd }) => latenciesOf(herd).length - latenciesOf(herd, 201, 409).length,
        ),
        target: { max: 0 },
      },
      {
        key: 'elapsedMs',
        label: 'ms until all have their answer',
        values: taken.map(({ herd }) => herd.elapsedMs),
      },
      { key: 'perSecond', label: 'answers/s', values: taken.map(({ herd }) => rateOf(herd)) },
      {
        key: 'floorPerSecond',
        label: 'floor/s (bare node:http)',
        values: taken.map(({ floor }) => rateOf(floor)),
      },
    ],
  )
}
