import { randomInt } from 'node:crypto'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { commandLine, refuse, wholeNumber } from './command-line.ts'
import { keepSeeds, keptSeeds } from './chaos/kept-seeds.ts'
import { exitCodeOf, print, reportOf } from './chaos/report.ts'
import { run } from './chaos/run.ts'
import { faults } from './chaos/schedule.ts'

const usage = `npm run chaos -- [options]

  --seconds N    how long each seed lasts (60)
  --seed N       the seed; otherwise those that failed before, and then one by chance
  --faults A,B   only these faults; otherwise all
  --list         the faults
  --ci           three fixed seeds and one by chance, in 90 s in all
  --keep DIR     keep the databases, the logs and the report there
  --json         one line of JSON at the end, and nothing else

Starts everything in a folder of its own, sells while parts of it fail, waits for quiet and checks.
Ends with 0, with 1 where something was not true, with 3 where the run was too easy to prove anything.`

const { values } = commandLine(usage, {
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    list: { type: 'boolean', default: false },
    ci: { type: 'boolean', default: false },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

if (values.list) {
  for (const [name, { what }] of Object.entries(faults)) console.log(`${name.padEnd(18)}${what}`)
  process.exit(0)
}

const seedMax = 2_147_483_647
const names = values.faults?.split(',') ?? Object.keys(faults)
for (const name of names)
  if (!Object.hasOwn(faults, name)) refuse(`there is no fault ${name}; --list names them all`)

const fixed = [1, 2, 3]
const ciSeconds = 11
const byChance = randomInt(1, seedMax)
const given =
  values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, [0, seedMax])
const seeds = values.ci
  ? [...[...keptSeeds(), ...fixed].slice(0, fixed.length), byChance]
  : given === undefined
    ? [...keptSeeds(), byChance]
    : [given]
const seconds = values.ci ? ciSeconds : wholeNumber('--seconds', values.seconds, [1, 86_400])
const folder = values.keep ? resolve(values.keep) : mkdtempSync(join(tmpdir(), 'boxoffice-chaos-'))
mkdirSync(folder, { recursive: true })

const aborting = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => aborting.abort(new Error(`stopped by ${signal}`)))

let code = 1
try {
  const say = (line: string) => values.json || console.log(line)
  const quietMsMax = 72_000
  const result = await run({
    folder,
    seeds,
    seconds,
    faults: names,
    quietMsMax,
    isHurried: values.ci,
    signal: aborting.signal,
    say,
  })
  const report = reportOf(result, { seconds, faults: names })
  code = exitCodeOf(report)
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  // What a planted bug brings says nothing of the seed.
  if (code === 1 && process.env.PLANTED_BUG === undefined) keepSeeds(report)
  if (values.json) console.log(JSON.stringify(report))
  else print(report)
} catch (err) {
  const isStopped = aborting.signal.aborted
  if (isStopped) code = 130
  console.error(err instanceof Error ? (!isStopped && err.stack) || err.message : err)
}
if (code === 0 && !values.keep) rmSync(folder, { recursive: true, force: true })
else if (!values.json) console.log(`databases, logs and report: ${folder}`)
process.exit(code)
