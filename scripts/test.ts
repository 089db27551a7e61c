import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { functionNames } from '../contracts/functions.ts'
import { startServices } from '../functions/_runtime/testing/services.ts'
import { bundles } from './bundles.ts'

/** `npm test [-- PATTERN…]`: every test file whose path holds one of the patterns, each in its own process. */
const patterns = process.argv.slice(2)
const files = globSync('{contracts,functions,compose,seed,scripts,test}/**/*.test.ts', {
  exclude: (path) => path.includes('node_modules'),
})
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .toSorted()

const atOnce = 3
const fileMsMax = 240_000
let passed = 0
let failed = 0

/** A process a file: a leaked handle or a global cannot reach the next file, and a hang ends at the limit. */
async function run(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const start = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const timer = setTimeout(() => child.kill('SIGKILL'), fileMsMax)
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  // A file may hold several suites; uvu prints a count for the whole process.
  const count = (label: string) => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(output)?.[1] ?? 0)
  const [total, ok] = [count('Total'), count('Passed')]
  const isGood = code === 0 && total > 0 && ok === total
  passed += ok
  failed += isGood ? 0 : Math.max(1, total - ok)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(
    `${isGood ? 'ok  ' : 'FAIL'} ${file} ${ok}/${total} ${seconds} s${isGood ? '' : `\n${output}`}`,
  )
}

// Made once, before the files that run them start side by side and each make their own.
if (files.some((file) => file.includes('/e2e/')))
  await bundles([...functionNames, 'together', 'front'])
const services = await startServices()
const env = {
  ...process.env,
  TEST_POSTGRES_URL: services.adminUrl,
  TEST_REDIS_URL: services.redisUrl,
}
const stop = () => services.stop()
process.once('SIGINT', () => void stop().finally(() => process.exit(130)))
try {
  const queue = [...files]
  const work = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await run(file, env)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
} finally {
  await stop()
}
if (files.length === 0) console.log(`no test file matches ${patterns.join(', ')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0
