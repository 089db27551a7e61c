import { benches, type Bench } from './bench/benches.ts'
import { bounded } from './bench/ending.ts'
import type { Options } from './bench/options.ts'
import { commandLine, refuse, wholeNumber } from './command-line.ts'

const usage = `npm run bench -- WHAT [--runs N] [--seconds N] [--clients N] [--json]

${Object.entries(benches)
  .map(([name, { shows, minutes }]) => `  ${name.padEnd(13)}${shows} (${minutes} min)`)
  .join('\n')}
  all          each of them in turn

  --runs N       measurements, of which the median counts (3)
  --seconds N    of one measurement (10)
  --clients N    that ask at once (64)
  --streams N    of waiting-room (10000)
  --seats-max N  of growth (7000000)
  --budget       of cold-start: fails where a function takes more than bench/budget.ts gives it
  --json         one line of JSON for each on the standard output, and nothing else there

Each starts what it needs in a folder of its own, warms it up, measures its floor in the same run, prints a table
and stops what it started. The times are those of two quiet cores with the defaults.`

const { positionals, values } = commandLine(usage, {
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '3' },
    clients: { type: 'string', default: '64' },
    streams: { type: 'string', default: '10000' },
    'seats-max': { type: 'string', default: '7000000' },
    budget: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const options: Options = {
  seconds: wholeNumber('--seconds', values.seconds, [1, 300]),
  runs: wholeNumber('--runs', values.runs, [1, 50]),
  clients: wholeNumber('--clients', values.clients, [1, 1024]),
  streams: wholeNumber('--streams', values.streams, [1, 100_000]),
  seatsMax: wholeNumber('--seats-max', values['seats-max'], [7000, 100_000_000]),
  isBudget: values.budget,
  say: (line) => console.error(line),
}
const [what = ''] = positionals
const chosen = what === 'all' ? Object.keys(benches) : [what]

for (const name of chosen) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!bench || positionals.length > 1) refuse(usage)
  if (chosen.length > 1) options.say(`== ${name}`)
  await measure(name, bench)
}

/** One that fails is told of and does not keep the next from being measured. */
async function measure(name: string, bench: Bench): Promise<void> {
  const usual = 3 * 10
  const minutesMax = 3 * bench.minutes * Math.max(1, (options.runs * options.seconds) / usual)
  try {
    const { table, json, failures = [] } = await bounded(minutesMax, () => bench.run(options))
    if (values.json) console.error(table)
    console.log(values.json ? JSON.stringify(json) : table)
    for (const failure of failures) console.error(failure)
    if (failures.length > 0) process.exitCode = 1
  } catch (err) {
    console.error(name, err)
    process.exitCode = 1
  }
}
