import { mailed } from './drained.ts'
import { machine, median, percentile, round, table } from './figures.ts'
import { residentMb } from './first-answer.ts'
import { openFloor } from './floor.ts'
import { generate, latenciesOf, mustAnswer, rateOf } from './generator.ts'
import { addHistory, removeSeats } from './history.ts'
import { openMarket, type Market } from './market.ts'
import type { Options } from './options.ts'
import type { Report } from './report.ts'
import { choicesOf, openSales, seatsOfEvent, toOrder } from './sales.ts'

const sizes = [7_000, 700_000, 7_000_000]
const clientCounts = [1, 8, 64]
/** All that the smallest has. */
const onSale = 7_000
/** 50 maps a second. */
const mapPace = { clients: 10, paceMs: 200 }
const warmUpSeconds = 5

type Run = { perSecond: number; p99Ms: number; mapP95Ms: number; rssMb: number; floor: number }
type Row = { seats: number; clients: number; runs: Run[] }

/**
 * Purchases and seat maps beside ever more seats. Seven thousand are on sale each time and replaced when they were
 * bought; the others belong to events of the past and are sold. The floor runs beside each size: what the machine
 * lost meanwhile is not taken for growth.
 */
export async function benchGrowth({ seconds, runs, seatsMax, say }: Options): Promise<Report> {
  const market = await openMarket(256)
  const rows: Row[] = []
  let seats = onSale
  for (const size of sizes.filter((one) => one <= seatsMax)) {
    if (size > seats) await addHistory(market, size - seats, say)
    seats = size
    // Anew for each size: it has seats for so many purchases only.
    const floor = await openFloor(market.stack.adminUrl, 'purchase')
    await buyAll(market, { clients: 64, seconds: warmUpSeconds })
    const ofSize = clientCounts.map((clients): Row => ({ seats, clients, runs: [] }))
    for (let i = 1; i <= runs; i++) {
      const floorPerSecond = await floor.perSecond(seconds)
      for (const row of ofSize) {
        const { clients } = row
        row.runs.push({
          floor: floorPerSecond,
          ...(await buyAll(market, { clients, seconds })),
          rssMb: await memoryOf(market),
        })
      }
      say(`${size} seats, run ${i} of ${runs}`)
    }
    rows.push(...ofSize)
  }
  return reportOf(rows)
}

/** Looks at a map, then buys what is on sale, as much as there is time for. */
async function buyAll(market: Market, load: { clients: number; seconds: number }) {
  const eventIds = await openSales(market, onSale / seatsOfEvent)
  const given = { url: market.stack.url, tokens: market.tokens, seconds: load.seconds }
  const maps = eventIds.map((id) => ({
    method: 'GET' as const,
    path: `/v1/seats/map?eventId=${id}`,
  }))
  const looked = await generate({ ...given, ...mapPace, asks: maps, isRepeated: true })
  mustAnswer(looked, 200)
  const asks = (await choicesOf(market, eventIds)).map(toOrder)
  const bought = await generate({ ...given, clients: load.clients, asks })
  mustAnswer(bought, 201)
  await mailed(market)
  await removeSeats(market, eventIds)
  return {
    perSecond: rateOf(bought),
    p99Ms: percentile(latenciesOf(bought), 99),
    mapP95Ms: percentile(latenciesOf(looked), 95),
  }
}

/** Of all processes of functions. */
async function memoryOf({ stack }: Market): Promise<number> {
  const all = Object.values(stack.emulator.status()).flatMap(({ processes }) => processes)
  const pids = new Set(all.map(({ pid }) => pid))
  const each = await Promise.all([...pids].map(residentMb))
  return each.reduce((sum, one) => sum + one, 0)
}

function reportOf(rows: Row[]): Report {
  const of = (row: Row | undefined, pick: (run: Run) => number) =>
    median((row?.runs ?? []).map(pick))
  const shown = rows.map((row) => {
    const first = rows.find(({ clients }) => clients === row.clients)
    const perFloor = ({ perSecond, floor }: Run) => perSecond / floor
    return {
      seats: row.seats,
      clients: row.clients,
      perSecond: round(of(row, (run) => run.perSecond)),
      ratio: round(of(row, (run) => run.perSecond) / of(first, (run) => run.perSecond), 3),
      floorRatio: round(of(row, perFloor) / of(first, perFloor), 3),
      p99Ms: round(
        of(row, (run) => run.p99Ms),
        1,
      ),
      mapP95Ms: round(
        of(row, (run) => run.mapP95Ms),
        1,
      ),
      rssMb: round(of(row, (run) => run.rssMb)),
      floorPerSecond: round(of(row, (run) => run.floor)),
    }
  })
  return {
    table: table(
      [
        `growth, ${rows[0]?.runs.length} runs`,
        'clients',
        'purchases/s',
        'to the first',
        'beside the floor (≥ 0.9)',
        'p99 ms',
        'map p95 ms',
        'functions MiB',
        'floor/s',
      ],
      shown.map((row) => Object.values(row)),
    ),
    json: { bench: 'growth', runs: rows[0]?.runs.length, sizes: shown, machine: machine() },
  }
}
