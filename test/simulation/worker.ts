import { addCounters, newCounters, type Counters } from './counters.ts'
import { simulate } from './simulate.ts'

/** Seeds one after the other, from `from`. */
export type Range = { from: number; count: number }

export type Failure = { seed: number; violations: string[]; hash: string }

/** What became of a range. */
export type Report = { ran: number; counters: Counters; failures: Failure[] }

/** Runs a range of seeds in this process. */
export async function runRange({ from, count }: Range): Promise<Report> {
  const report: Report = { ran: 0, counters: newCounters(), failures: [] }
  for (let seed = from; seed < from + count; seed++) {
    const { violations, counters, hash } = await simulate(seed)
    report.ran += 1
    addCounters(report.counters, counters)
    if (violations.length > 0) report.failures.push({ seed, violations, hash })
  }
  return report
}

// Problems are thrown by the thousand, and a seed that fails is run again to be looked at.
if (process.send) {
  Error.stackTraceLimit = 0
  process.on('message', (range: Range) => {
    void runRange(range).then((report) => process.send?.(report))
  })
}
