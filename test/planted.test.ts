import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import type { PlantedBug } from '../functions/_runtime/planted.ts'
import { describe } from '../functions/_runtime/test.ts'
import { endTesting, testServices } from '../functions/_runtime/testing/services.ts'

/** What is run with the bug planted, and what it must say then. */
type Check = { run: readonly string[]; says: RegExp }

/** Where the bug is found soon; as the code changes that moves, and then it takes a moment longer. */
const simulation = (from: number) =>
  ['scripts/simulate.ts', '--from', String(from), '--seeds', '1000', '--first'] as const
const seatsRace = ['functions/seating/test/seats.race.test.ts']

/** Each is green without the bug: `npm test` runs the files, and the simulation from the same seeds on. */
const checks: Record<PlantedBug, Check> = {
  'acknowledge-before-commit': { run: simulation(41), says: /FAIL seed \d+: I(6|12|13|15): / },
  'allocations-without-index': {
    run: seatsRace,
    says: /BROKEN .*has the last word by its unique key/,
  },
  'expiry-by-process-clock': {
    run: ['test/resume.test.ts'],
    says: /BROKEN .*as long as seating says/,
  },
  'inbox-left-out': { run: simulation(1), says: /I15: the tickets of an order were mailed twice/ },
  'publish-before-commit': {
    run: simulation(1),
    says: /I8: \w+ tells of \S+, which is not committed/,
  },
  'random-provider-key': { run: simulation(1), says: /FAIL seed \d+: I(4|5|13): / },
  'redis-decides': { run: seatsRace, says: /BROKEN .*without Redis: one wins/ },
  'refund-error-swallowed': { run: simulation(1), says: /I4: the bank keeps \d+ for the order/ },
}

describe('a planted bug is found:', (it) => {
  it.after(() => endTesting())

  for (const [bug, { run, says }] of Object.entries(checks))
    it(bug, async () => {
      const { adminUrl, redisUrl } = await testServices()
      const { code, output } = await runWith(run, {
        ...process.env,
        PLANTED_BUG: bug,
        TEST_POSTGRES_URL: adminUrl,
        TEST_REDIS_URL: redisUrl,
      })
      assert.is(code, 1, output)
      assert.match(output, says)
    })

  it('and the page about it names every one, with its check', () => {
    const source = readFileSync('functions/_runtime/planted.ts', 'utf8')
    const bugs = [...source.matchAll(/\| '([a-z-]+)'/g)].map(([, bug]) => bug)
    const page = readFileSync('docs/reliability.md', 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|.*\| ([^|]+) \|$/gm)]
    assert.equal(new Set(rows.map(([, bug]) => bug)), new Set(bugs))
    assert.is(rows.length, bugs.length)
    for (const [, bug, check = ''] of rows) {
      const [file = ''] = checks[bug as PlantedBug].run
      assert.ok(check.includes(file.includes('simulate') ? 'simulation' : file), `${bug}: ${check}`)
    }
  })
})

function runWith(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => resolve({ code, output }))
  })
}
