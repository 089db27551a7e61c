import { commandLine, refuse, wholeNumber } from './command-line.ts'
import { lookOnce, watch } from './invariants/command.ts'
import { placesOf } from './invariants/places.ts'
import type { Places } from './invariants/report.ts'

const usage = `npm run invariants -- [options]     looks at a running system, names what is not true of it, changes nothing

  --data DIR        what runs from this folder (.data)
  --postgres URL    another server, as boxoffice_observer and without a database (OBSERVER_URL)
  --ledger PLACE    the bank's address, or the file of its ledger (LEDGER)
  --redis URL       the functions' Redis (REDIS_URL)
  --grace SECONDS   how long work that is on its way may take to end (20)
  --watch           each second what holds at every instant, until Ctrl-C
  --json

Exit code 1: something is not true. 2: something could not be read. docs/invariants.md says what to do.`

const { env } = process
const { values } = commandLine(usage, {
  options: {
    data: { type: 'string', default: '.data' },
    postgres: { type: 'string', default: env.OBSERVER_URL ?? '' },
    ledger: { type: 'string', default: env.LEDGER ?? '' },
    redis: { type: 'string', default: env.REDIS_URL ?? '' },
    grace: { type: 'string', default: '20' },
    watch: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const { json } = values
const graceMs = 1000 * wholeNumber('--grace', values.grace, [0, 3600])
const places = placesOrRefuse()
if (values.watch) {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
  process.exitCode = await watch(places, { json }, ending.signal)
} else process.exitCode = await lookOnce(places, { json, graceMs })

function placesOrRefuse(): Places {
  try {
    return placesOf(values)
  } catch (err) {
    return refuse((err as Error).message)
  }
}
