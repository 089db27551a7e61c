import fc from 'fast-check'
import { violations } from './answers.ts'
import { caseOf, type Case } from './cases.ts'
import { operations, type Operation } from './operations.ts'
import { curl, send, type Sent } from './wire.ts'
import type { World } from './world.ts'

export type FuzzOptions = {
  seed: number
  msMax: number
  /** Only operations of these names. */
  only?: string[]
  /** Requests at the same time. */
  lanes?: number
  say?: (line: string) => void
}

export type Failure = {
  operation: string
  wrong: string
  seed: number
  curl: string
  answer: string
}

export type Report = {
  requests: number
  /** How often each operation answered with each status. */
  statuses: Record<string, Record<string, number>>
  failures: Failure[]
  /** The slowest answer of each operation, in ms. */
  slowestMs: Record<string, number>
}

const runsPerTurn = 8
const turnMsMax = 20_000
const everyMs = 5000

/**
 * Asks one operation after the other, a few requests each, until the time is over and each had
 * its turn. Each turn draws from a seed of
 * its own, one after the other, so that any failure can be had again by itself.
 */
export async function fuzz(url: string, world: World, options: FuzzOptions): Promise<Report> {
  const { seed, msMax, only, lanes = 4, say = () => {} } = options
  const chosen = operations.filter(({ id }) => !only || only.includes(id))
  const report: Report = { requests: 0, statuses: {}, failures: [], slowestMs: {} }
  const endsAt = performance.now() + msMax
  let turn = 0
  const work = async () => {
    while (performance.now() < endsAt || turn < chosen.length) {
      const at = turn++
      const operation = chosen[at % chosen.length] as Operation
      const failure = await takeTurn({ url, world, report, operation }, seed + at)
      if (!failure) continue
      report.failures.push(failure)
      say(`FAIL ${failure.operation}: ${failure.wrong}`)
    }
  }
  const timer = setInterval(() => {
    const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000))
    say(`${report.requests} requests, ${report.failures.length} failures, ${left} s left`)
  }, everyMs)
  await Promise.all(Array.from({ length: lanes }, work)).finally(() => clearInterval(timer))
  return report
}

type Turn = { url: string; world: World; report: Report; operation: Operation }

async function takeTurn({ url, world, report, operation }: Turn, seed: number) {
  const counts = (report.statuses[operation.id] ??= {})
  const knownAlready = new Set(report.failures.map(signature))
  let last: { sent: Sent; answer: string } | undefined
  const property = fc.asyncProperty(caseOf(operation), async (one: Case) => {
    const sent = world.prepare(operation, one)
    const start = performance.now()
    const answer = await send(url, sent, operation.streams)
    const ms = Math.round(performance.now() - start)
    report.slowestMs[operation.id] = Math.max(report.slowestMs[operation.id] ?? 0, ms)
    report.requests += 1
    counts[answer.status] = (counts[answer.status] ?? 0) + 1
    await world.learn(operation, sent, answer)
    const wrong = violations(operation, sent, answer).join('; ')
    if (wrong === '' || knownAlready.has(signature({ operation: operation.id, wrong }))) return
    last = { sent, answer: `${answer.status} ${answer.text.slice(0, 500)}` }
    throw new Error(wrong)
  })
  const result = await fc.check(property, {
    seed,
    numRuns: runsPerTurn,
    interruptAfterTimeLimit: turnMsMax,
    markInterruptAsFailure: false,
  })
  if (!result.failed || !last) return undefined
  // What was sent last and went wrong is the smallest: fast-check only goes on from what fails.
  const wrong = result.errorInstance instanceof Error ? result.errorInstance.message : 'unknown'
  return { operation: operation.id, wrong, seed, curl: curl(url, last.sent), answer: last.answer }
}

/** The same mistake, whatever the ids and numbers in it. */
const signature = ({ operation, wrong }: Pick<Failure, 'operation' | 'wrong'>) =>
  `${operation} ${wrong.replaceAll(/[0-9a-f-]{8,}|\d+(?=\D*$)/g, '')}`.slice(0, 120)
