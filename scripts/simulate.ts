import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { addCounters, hardStates, newCounters } from '../test/simulation/counters.ts'
import { simulate } from '../test/simulation/simulate.ts'
import type { Failure, Range, Report } from '../test/simulation/worker.ts'
import { commandLine, wholeNumber } from './command-line.ts'

/** `npm run simulate`: thousands of small worlds in which people buy tickets while everything fails. */
const usage = `npm run simulate -- [--seeds 10000] [--base N] [--first] [--json]
npm run simulate -- --seed N [--trace]

  --seeds    how many worlds: half of them from seed 1 on, the others from a base that is new each time
  --base     where the second half begins
  --from     all of them from this seed on instead
  --first    stop at the first world that goes wrong
  --workers  processes; as many as there are cores unless it is said otherwise
  --seed     one world alone, as often as you like
  --trace    everything that happens in it
  --json     one line of JSON at the end, and nothing else

Ends with 1 where a world went wrong, and with 3 where a hard state was never reached: such a run shows nothing.`

const { values } = commandLine(usage, {
  options: {
    seeds: { type: 'string', default: '10000' },
    base: { type: 'string', default: String(randomInt(1_000_000, 2 ** 31)) },
    workers: { type: 'string', default: String(availableParallelism()) },
    from: { type: 'string' },
    first: { type: 'boolean', default: false },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const base = wholeNumber('--base', values.base, [1, 2 ** 40])
const seeds = wholeNumber('--seeds', values.seeds, [1, 10_000_000])
const say = (line: string) => values.json || console.log(line)

async function runOne(seed: number): Promise<void> {
  const { violations, hash, trace } = await simulate(seed, { isTraced: values.trace })
  for (const line of trace) console.log(line)
  for (const violation of violations) console.log(`FAIL ${violation}`)
  console.log(`${violations.length === 0 ? 'ok' : 'FAIL'} seed ${seed}, trace ${hash}`)
  process.exitCode = violations.length > 0 ? 1 : 0
}

async function runMany(): Promise<void> {
  const start = performance.now()
  const sum: Report = { ran: 0, counters: newCounters(), failures: [] }
  const queue = values.from === undefined ? usualSeeds() : seedsFrom(values.from)
  const count = wholeNumber('--workers', values.workers, [1, 64])
  const take = ({ ran, counters, failures }: Report) => {
    sum.ran += ran
    addCounters(sum.counters, counters)
    sum.failures.push(...failures)
    failures.forEach(tell)
    if (values.first && failures.length > 0) queue.length = 0
  }
  await Promise.all(Array.from({ length: Math.min(count, queue.length) }, () => work(queue, take)))
  conclude(sum, (performance.now() - start) / 1000)
}

function usualSeeds(): Range[] {
  const half = Math.ceil(seeds / 2)
  say(`seeds 1 to ${half}, ${base} to ${base + seeds - half - 1}, and those that failed before`)
  return [...knownSeeds(), ...ranges(1, half), ...ranges(base, seeds - half)]
}

const seedsFrom = (text: string): Range[] =>
  ranges(wholeNumber('--from', text, [0, 2 ** 40]), seeds)

/** Seeds that once failed come first, each a range of its own. */
const knownSeeds = (): Range[] =>
  Object.values(
    JSON.parse(readFileSync('test/simulation/seeds.json', 'utf8')) as Record<string, number[]>,
  )
    .flat()
    .map((from) => ({ from, count: 1 }))

/** Small where the first failure ends it all. */
const rangeSeeds = values.first ? 4 : 50

const ranges = (from: number, count: number): Range[] =>
  Array.from({ length: Math.ceil(count / rangeSeeds) }, (_, i) => ({
    from: from + i * rangeSeeds,
    count: Math.min(rangeSeeds, count - i * rangeSeeds),
  }))

/** One process, which takes one range after the other. */
function work(queue: Range[], take: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // A world's memory is garbage a moment later: more room for young objects, less collecting.
    const execArgv = ['--max-semi-space-size=64']
    const child = fork('test/simulation/worker.ts', { execArgv })
    const next = () => {
      const range = queue.shift()
      if (range) child.send(range)
      else child.disconnect()
    }
    child.on('message', (report: Report) => {
      take(report)
      next()
    })
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
    )
    next()
  })
}

function tell({ seed, violations }: Failure): void {
  for (const violation of violations) say(`FAIL seed ${seed}: ${violation}`)
  say(`     npm run simulate -- --seed ${seed} --trace`)
}

function conclude({ ran, counters, failures }: Report, seconds: number): void {
  const missing = Object.entries(counters).filter(([, count]) => count === 0)
  process.exitCode = failures.length > 0 ? 1 : missing.length > 0 ? 3 : 0
  if (values.json)
    return console.log(
      JSON.stringify({ simulate: process.exitCode, ran, seconds, base, counters, failures }),
    )
  for (const [name, meaning] of Object.entries(hardStates))
    say(
      `${String(counters[name as keyof typeof counters]).padStart(8)}  ${name.padEnd(22)} ${meaning}`,
    )
  say(`${ran} worlds in ${seconds.toFixed(1)} s, ${failures.length} went wrong`)
  if (missing.length > 0) say(`INVALID: never reached ${missing.map(([name]) => name).join(', ')}`)
}

if (values.seed === undefined) await runMany()
else await runOne(wholeNumber('--seed', values.seed, [0, 2 ** 40]))
