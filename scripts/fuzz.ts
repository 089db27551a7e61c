import { randomInt } from 'node:crypto'
import { openMarket } from '../test/e2e/market.ts'
import { fuzz, type Report } from '../test/fuzz/fuzz.ts'
import { operations } from '../test/fuzz/operations.ts'
import { openWorld, settings } from '../test/fuzz/world.ts'
import { checkLogs } from './chaos/checks/logs.ts'
import { commandLine, refuse, wholeNumber } from './command-line.ts'

/** `npm run fuzz`: sound and odd requests to every operation of the OpenAPI file, against all of Boxoffice. */
const usage = `npm run fuzz -- [options]

  --seconds N       how long (60)
  --seed N          what is drawn; new each time otherwise
  --operation A,B   only these operations
  --at-once N       requests at the same time (4)

Ends with 1 where an answer was not what contracts/openapi.json promises, or a log holds a bug or a secret.`

const { values } = commandLine(usage, {
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 30)) },
    operation: { type: 'string' },
    'at-once': { type: 'string', default: '4' },
  },
})
const seed = wholeNumber('--seed', values.seed, [0, 2 ** 31 - 1])
const seconds = wholeNumber('--seconds', values.seconds, [1, 86_400])
const lanes = wholeNumber('--at-once', values['at-once'], [1, 64])
const only = values.operation?.split(',')
for (const id of only ?? [])
  if (!operations.some((one) => one.id === id)) refuse(`there is no operation ${id}`)

const market = await openMarket({ settings })
try {
  console.log(`seed ${seed}, ${operations.length} operations`)
  const say = (line: string) => console.log(line)
  const options = { seed, msMax: seconds * 1000, lanes, say, ...(only ? { only } : {}) }
  const report = await fuzz(market.url, await openWorld(market), options)
  print(report)
  const written = checkLogs({ ...market, stack: market })
  for (const { what, facts } of written) console.log(`FAIL ${what}: ${JSON.stringify(facts)}`)
  process.exitCode = report.failures.length + written.length > 0 ? 1 : 0
} finally {
  await market.close()
}

function print({ statuses, failures, requests, slowestMs }: Report): void {
  for (const [id, counts] of Object.entries(statuses))
    console.log(
      `  ${id.padEnd(22)}${String(slowestMs[id]).padStart(6)} ms  ${Object.entries(counts)
        .map(([status, count]) => `${status} × ${count}`)
        .join('  ')}`,
    )
  for (const failure of failures)
    console.log(
      `\nFAIL ${failure.operation}: ${failure.wrong}\n  npm run fuzz -- --operation ${failure.operation} --seed ${failure.seed}\n  ${failure.curl}\n  ${failure.answer}`,
    )
  console.log(`\n${requests} requests with seed ${seed}, ${failures.length} failures`)
}
