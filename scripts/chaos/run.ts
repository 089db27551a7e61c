import { checkInvariants } from '../invariants/check.ts'
import { askAgain, checkBuyers, type Found } from './checks/buyers.ts'
import { checkLogs } from './checks/logs.ts'
import { checkMarket } from './checks/market.ts'
import { checkResources, usagesOf } from './checks/resources.ts'
import { havingsOf, overlapsOf } from './checks/seats.ts'
import { createClient, type Client } from './client.ts'
import { countersOf, isWithin, type Counters } from './counters.ts'
import { sell } from './load.ts'
import { createPeople, type People, type Person } from './people.ts'
import { untilQuiet } from './quiet.ts'
import { createRandom } from './random.ts'
import { openSale, type Sale } from './sales.ts'
import { clear, drawSchedule, strikeAll, type Entry } from './schedule.ts'
import type { Diary } from './stories.ts'
import { placesOf, watch, type Watch } from './watch.ts'
import { openWorld, type World } from './world.ts'

export type RunOptions = {
  folder: string
  seeds: readonly number[]
  /** For each seed. */
  seconds: number
  faults: readonly string[]
  /** How long everything may take to come to its end once nothing is wrong any more. */
  quietMsMax: number
  /** Brings what is due later forward, so that a short run can wait for it. */
  isHurried: boolean
  signal: AbortSignal
  say: (line: string) => void
}

/** What one seed brought. */
export type Phase = { seed: number; schedule: Entry[]; diary: Diary; sales: Sale[] }

export type Result = {
  phases: Phase[]
  found: Found[]
  counters: Counters
  looks: number
  quietMs: number
  client: Client['counts']
}

/** One start of everything, the seeds one after the other on it, one quiet at the end, and all checks. */
export async function run(options: RunOptions): Promise<Result> {
  const { folder, seeds, signal, say } = options
  say('everything is being started')
  const world = await openWorld(folder, createRandom(seeds[0] ?? 0))
  const closers: (() => Promise<unknown>)[] = [world.close]
  try {
    signal.throwIfAborted()
    const stopped = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    )
    return await Promise.race([sellAndCheck(options, world, closers), stopped])
  } finally {
    for (const close of closers) await close().catch(() => {})
  }
}

async function sellAndCheck(
  options: RunOptions,
  world: World,
  closers: (() => Promise<unknown>)[],
): Promise<Result> {
  const client = createClient(world.publicUrl)
  const people = createPeople(world.stack, client)
  closers.unshift(people.close)
  const organizer = await people.person(['organizer'])
  const phases: Phase[] = []
  for (const seed of options.seeds) phases.push(await prepare(options, seed, organizer))
  const before = usagesOf(world)
  const watching = watch(world)
  closers.unshift(watching.stop)
  for (const phase of phases) await play(options, { world, people, organizer, phase })
  const { tookMs, unrest } = await settle(options, world, phases)
  await watching.stop()
  const found = [
    ...restless(unrest),
    ...(await checkAll({ world, client, people, watching, phases })),
    ...checkResources(world, before),
  ]
  const schedule = phases.flatMap((phase) => phase.schedule)
  const counters = await countersOf(world, wholeDiary(phases), schedule)
  const { looks } = watching
  return { phases, found, counters, looks, quietMs: tookMs, client: client.counts }
}

const saleSeconds = 15
const seatsOfSale = 60

async function prepare(
  { seconds, faults }: RunOptions,
  seed: number,
  organizer: Person,
): Promise<Phase> {
  const schedule = drawSchedule(createRandom(seed, 'schedule'), seconds, faults)
  const sales: Sale[] = []
  for (let i = 0; i < Math.max(2, Math.ceil(seconds / saleSeconds)); i++)
    sales.push(await openSale(organizer, seatsOfSale))
  return { seed, schedule, sales, diary: { purchases: [], holds: [] } }
}

/** Nothing is wrong any more: everything comes to its end, and those who know nothing yet ask once more. */
async function settle(options: RunOptions, world: World, phases: readonly Phase[]) {
  const { quietMsMax: msMax, isHurried, say } = options
  const first = await untilQuiet(world, { msMax, isHurried })
  say(`quiet after ${(first.tookMs / 1000).toFixed(1)} s`)
  await askAgain(wholeDiary(phases).purchases)
  // What that began may wait for its buyer, who does not come any more.
  const { unrest } = await untilQuiet(world, { msMax, isHurried: true })
  return { tookMs: first.tookMs, unrest: { ...unrest, ...first.unrest } }
}

type Playing = { world: World; people: People; organizer: Person; phase: Phase }

async function play({ seconds, say }: RunOptions, { world, people, organizer, phase }: Playing) {
  const { seed, schedule, sales, diary } = phase
  say(`seed ${seed}: ${schedule.length} faults in ${seconds} s`)
  const random = createRandom(seed, 'load')
  await Promise.all([
    sell({ world, people, organizer, sales, diary, random, seconds }),
    strikeAll(world, schedule, { random: createRandom(seed, 'strikes'), say }).finally(() =>
      clear(world),
    ),
  ])
}

type Checking = {
  world: World
  client: Client
  people: People
  watching: Watch
  phases: Phase[]
}

async function checkAll({ world, client, people, watching, phases }: Checking): Promise<Found[]> {
  const diary = wholeDiary(phases)
  const sales = phases.flatMap((phase) => phase.sales)
  const { violations } = await checkInvariants(placesOf(world), { moment: 'quiet', graceMs: 5000 })
  return [
    ...[...watching.violations, ...violations].map(({ invariant, title, facts }) => ({
      what: `${invariant}: ${title}`,
      facts,
    })),
    ...(await checkBuyers(world, diary.purchases)),
    ...(await checkMarket(people, sales)),
    ...overlapsOf(havingsOf(diary)).map(([first, second]) => ({
      what: 'I16: two people had a seat at the same time',
      facts: { first, second },
    })),
    ...client.dishonest
      // To a clock that is late, a token that was issued just now comes from the future.
      .filter((one) => one.status !== 401 || !isWithin(one, world.clockWrong))
      .map(({ line }) => ({ what: 'an answer that helps nobody', facts: { line } })),
    ...checkLogs(world),
  ]
}

const restless = (unrest: Record<string, number>): Found[] =>
  Object.entries(unrest).map(([what, count]) => ({
    what: `I12: it does not become quiet: ${what}`,
    facts: { count },
  }))

const wholeDiary = (phases: readonly Phase[]): Diary => ({
  purchases: phases.flatMap(({ diary }) => diary.purchases),
  holds: phases.flatMap(({ diary }) => diary.holds),
})
