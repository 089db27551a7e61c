import { suite, type Callback } from 'uvu'

const broken: string[] = []

process.on('exit', () => {
  if (broken.length === 0) return
  process.exitCode = 1
  console.error(broken.map((line) => `  BROKEN  ${line}`).join('\n'))
})

/**
 * uvu 0.5.6 forgets what a hook throws and anything thrown that is no Error, and then reports success. So
 * everything that throws is written down here as well, and the process ends with 1.
 */
function guarded(label: string, work: () => unknown): Callback {
  return async () => {
    try {
      await work()
    } catch (thrown) {
      const err = thrown instanceof Error ? thrown : new Error(`threw ${String(thrown)}`)
      broken.push(`${label}: ${err.message}`)
      throw err
    }
  }
}

export type It = {
  (title: string, work: () => unknown): void
  only(title: string, work: () => unknown): void
  before(work: () => unknown): void
  after(work: () => unknown): void
  beforeEach(work: () => unknown): void
  afterEach(work: () => unknown): void
}

/** Declares a suite and runs it: there is no `.run()` to forget. The only way into uvu. */
export function describe(name: string, body: (it: It) => void): void {
  const test = suite(name)
  const guard = (label: string, work: () => unknown) => guarded(`${name}: ${label}`, work)
  const it = ((title, work) => test(title, guard(title, work))) as It
  it.only = (title, work) => test.only(title, guard(title, work))
  it.before = (work) => test.before(guard('before', work))
  it.after = (work) => test.after(guard('after', work))
  it.beforeEach = (work) => test.before.each(guard('before each', work))
  it.afterEach = (work) => test.after.each(guard('after each', work))
  body(it)
  test.run()
}
