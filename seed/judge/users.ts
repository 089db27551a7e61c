import type { Source } from '../csv.ts'
import type { Items } from './rows.ts'
import { judgeRows, newOf, type Known, type Verdicts } from './verdicts.ts'

/** Judges users. An address has one user: the first in the file. Who has it here is seen when they are written. */
export function judgeUsers(
  sources: Source[],
  known: ReadonlyMap<string, Known>,
): Verdicts<Items['users']> {
  const users = judgeRows('users', sources, known)
  const taken = new Set<string>()
  for (const { item, reasons } of newOf(users)) {
    if (taken.has(item.email)) reasons.push('email-taken')
    taken.add(item.email)
  }
  return users
}
