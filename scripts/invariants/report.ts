import type { FunctionName } from '../../contracts/functions.ts'
import { atAnyMoment, invariantOf, invariants, type Invariant, type Title } from './titles.ts'

/** Where to read. Only what is named is read; what is missing is `skipped`, never guessed. */
export type Places = {
  databaseUrl: (name: FunctionName) => string
  /** The address of the bank's API, or the path of its ledger's file. */
  ledger?: string | undefined
  redisUrl?: string | undefined
}

export type Violation = { invariant: Invariant; title: Title; facts: Record<string, unknown> }

export type Report = {
  checks: { invariant: Invariant; title: string; rows: number; imported: number; ms: number }[]
  violations: Violation[]
  /** Not looked at, and why. */
  skipped: { invariant: string; why: string }[]
  /** What could not be read: nothing is known of these. */
  unread: { invariant: Invariant; why: string }[]
}

export type Moment = 'any' | 'quiet'

/** Collects what one look finds. Of each kind of violation it keeps the first thousand. */
export type Look = {
  found(title: Title, facts: Record<string, unknown>): void
  counted(invariant: Invariant, rows: number, imported: number): void
  took(invariant: Invariant, ms: number): void
  skip(invariant: string, why: string): void
  unread(invariant: Invariant, why: string): void
  report(): Report
}

const violationsMax = 1000

export function createLook(moment: Moment): Look {
  const ids = (Object.keys(invariants) as Invariant[]).filter(
    (id) => moment === 'quiet' || atAnyMoment.includes(id),
  )
  const checks = new Map(
    ids.map((id) => [
      id,
      { invariant: id, title: invariants[id].title, rows: 0, imported: 0, ms: 0 },
    ]),
  )
  const violations: Violation[] = []
  const perTitle = new Map<Title, number>()
  const skipped: Report['skipped'] = []
  const unread: Report['unread'] = []
  return {
    found(title, facts) {
      const count = (perTitle.get(title) ?? 0) + 1
      perTitle.set(title, count)
      if (count <= violationsMax) violations.push({ invariant: invariantOf(title), title, facts })
    },
    counted(invariant, rows, imported) {
      const check = checks.get(invariant)
      if (!check) return
      check.rows += rows
      check.imported += imported
    },
    took(invariant, ms) {
      const check = checks.get(invariant)
      if (check) check.ms += ms
    },
    skip: (invariant, why) => void skipped.push({ invariant, why }),
    unread: (invariant, why) => void unread.push({ invariant, why }),
    report: () => ({
      checks: [...checks.values()].map((check) => ({ ...check, ms: Math.round(check.ms) })),
      violations,
      skipped,
      unread,
    }),
  }
}

/** The same thing, seen twice: its title, the id that its facts begin with, and whose it is. */
export const identityOf = ({ title, facts }: Violation): string =>
  [title, Object.values(facts)[0], facts.function ?? facts.from].map(String).join(' ')
