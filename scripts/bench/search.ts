import pg from 'pg'
import { eventList, type EventSearch } from '../../functions/catalog/store/search.ts'
import { wordsOf } from '../../functions/catalog/search.ts'
import { inDatabase } from '../../compose/local/databases.ts'
import { atEnd } from './ending.ts'
import { fillCatalogue, searches, type Search } from './events-to-find.ts'
import { percentile, round } from './figures.ts'
import { generate, latenciesOf, mustAnswer, rateOf, type Ask, type Loaded } from './generator.ts'
import { openMarket } from './market.ts'
import type { Options } from './options.ts'
import { report, type Report } from './report.ts'

const events = 100_000
/** 50 searches a second. */
const pace = { clients: 10, paceMs: 200 }
const warmUpSeconds = 3

/** Searches of a large catalogue through the gateway, at a steady pace and then as fast as it goes. */
export async function benchSearch({ seconds, runs, say }: Options): Promise<Report> {
  const { stack, tokens } = await openMarket(64)
  say(`${events} events`)
  await fillCatalogue(stack.databaseUrl('catalog'), events)
  const asks: Ask[] = searches.map((search) => ({
    method: 'GET',
    path: `/v1/events?${new URLSearchParams(search).toString()}`,
  }))
  const search = async (during: number, more: { clients: number; paceMs?: number }) => {
    const given = { url: stack.url, tokens, asks, isRepeated: true, seconds: during, ...more }
    const loaded = await generate(given)
    mustAnswer(loaded, 200)
    return loaded
  }
  await search(warmUpSeconds, pace)
  const floorMs = await openStatements(inDatabase(stack.databaseUrl('catalog'), 'catalog'))
  const taken: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const floor = await floorMs()
    const paced = await search(seconds, pace)
    taken.push({ floor, paced, most: await search(seconds, { clients: pace.clients }) })
    say(`run ${i} of ${runs}: p95 ${round(percentile(latenciesOf(paced), 95))} ms`)
  }
  return reportOf(taken)
}

/** The floor: the statements of the same searches, one after the other over one connection. */
async function openStatements(url: string): Promise<() => Promise<number[]>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  atEnd(() => client.end())
  return async () => {
    const latenciesMs: number[] = []
    for (const given of searches) {
      const { text, values } = eventList(asListed(given))
      const began = performance.now()
      await client.query(text, values)
      latenciesMs.push(performance.now() - began)
    }
    return latenciesMs
  }
}

const asListed = ({ q, page, sort, ...filters }: Search): EventSearch => ({
  withDrafts: false,
  sort: sort ?? 'startsAt',
  size: 20,
  ...filters,
  words: wordsOf(q),
  page: Number(page ?? 1),
})

type Run = { floor: number[]; paced: Loaded; most: Loaded }

function reportOf(taken: Run[]): Report {
  const ms = (percent: number) => taken.map(({ paced }) => percentile(latenciesOf(paced), percent))
  const runs = taken.length
  return report(
    'search',
    `search of ${events} events, 50 a second, ${runs} runs`,
    { events, runs },
    [
      { key: 'p50Ms', label: 'p50 ms', values: ms(50), digits: 1 },
      { key: 'p95Ms', label: 'p95 ms', values: ms(95), digits: 1, target: { max: 50 } },
      { key: 'p99Ms', label: 'p99 ms', values: ms(99), digits: 1 },
      {
        key: 'floorP95Ms',
        label: 'floor, p95 ms (the statements alone)',
        values: taken.map(({ floor }) => percentile(floor, 95)),
        digits: 1,
      },
      {
        key: 'perSecondMax',
        label: `searches/s at most, ${pace.clients} clients`,
        values: taken.map(({ most }) => rateOf(most)),
      },
    ],
  )
}
