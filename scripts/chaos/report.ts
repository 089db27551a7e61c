import { spawnSync } from 'node:child_process'
import type { Found } from './checks/buyers.ts'
import { leastOf, missedOf } from './counters.ts'
import type { Phase, Result } from './run.ts'
import type { Entry } from './schedule.ts'

export type ChaosReport = {
  sha: string
  seeds: number[]
  seconds: number
  faults: readonly string[]
  /** What was not true. `seed` is missing where it cannot be said whose it is. */
  found: (Found & { seed: number | undefined })[]
  /** Hard states that were not reached: the run proves nothing. */
  missed: string[]
  counters: Record<string, { count: number; least: number }>
  schedule: ({ seed: number } & Entry)[]
  /** Looks at what must be true at every instant. */
  looks: number
  quietSeconds: number
  answers: Result['client']
}

export function reportOf(
  result: Result,
  { seconds, faults }: { seconds: number; faults: readonly string[] },
): ChaosReport {
  const { phases, counters } = result
  const secondsInAll = seconds * phases.length
  return {
    sha: gitSha(),
    seeds: phases.map(({ seed }) => seed),
    seconds,
    faults,
    found: result.found.map((one) => ({ ...one, seed: seedOf(one, phases) })),
    missed: missedOf(counters, secondsInAll, faults),
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, { count, perMinute }]) => [
        name,
        { count, least: leastOf(perMinute, secondsInAll) },
      ]),
    ),
    schedule: phases.flatMap(({ seed, schedule }) => schedule.map((one) => ({ seed, ...one }))),
    looks: result.looks,
    quietSeconds: Math.round(result.quietMs / 100) / 10,
    answers: result.client,
  }
}

/** 0 green, 1 something is not true, 3 too easy. */
export function exitCodeOf({ found, missed }: ChaosReport): number {
  if (found.length > 0) return 1
  return missed.length > 0 ? 3 : 0
}

/** Each seed has events and orders of its own, so what names one of them names its seed. */
function seedOf({ facts }: Found, phases: readonly Phase[]): number | undefined {
  const text = JSON.stringify(facts)
  const isOf = ({ sales, diary }: Phase) =>
    sales.some(({ eventId }) => text.includes(eventId)) ||
    diary.purchases.some(({ orderId }) => text.includes(orderId))
  return (phases.length === 1 ? phases[0] : phases.find(isOf))?.seed
}

function gitSha(): string {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
    encoding: 'utf8',
  })
  return stdout?.trim() || 'unknown'
}

const shownMax = 30
const factsLengthMax = 1200

/** For people. The schedule was told while it ran. */
export function print(report: ChaosReport): void {
  const { found, missed, counters, answers, sha, seeds, seconds } = report
  const lines = [
    '',
    `answers: ${answers.ok} ok, ${answers.fail} refused, ${answers.info} unknown`,
    `${report.looks} looks while it ran, quiet after ${report.quietSeconds} s`,
    '',
    'reached:',
    ...Object.entries(counters).map(
      ([name, { count, least }]) => `  ${name.padEnd(40)}${String(count).padStart(6)}  of ${least}`,
    ),
    '',
    ...found.slice(0, shownMax).map(describe),
    ...(found.length > shownMax ? [`and ${found.length - shownMax} more, in the report`] : []),
    ...missed.map((line) => `TOO EASY  ${line}`),
    `${verdict(report)}: ${sha}, seeds ${seeds.join(' ')}, ${seconds} s each`,
    ...blamed(report).map((seed) => `again: npm run chaos -- --seed ${seed} --seconds ${seconds}`),
  ]
  console.log(lines.join('\n'))
}

const describe = ({ what, seed, facts }: ChaosReport['found'][number]) =>
  `NOT TRUE  ${what} (seed ${seed ?? 'unknown'})\n          ${JSON.stringify(facts).slice(0, factsLengthMax)}`

const verdict = (report: ChaosReport) =>
  ({ 0: 'green', 1: 'RED', 3: 'INVALID' })[exitCodeOf(report)] ?? ''

function blamed({ found, seeds }: ChaosReport): number[] {
  if (found.length === 0) return []
  const named = new Set(found.map(({ seed }) => seed))
  return seeds.filter((seed) => named.has(seed) || named.has(undefined))
}
