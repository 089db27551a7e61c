import { Problem } from '../_runtime/problem.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { isAdmin } from '../_runtime/on.ts'

const wordsMax = 10

/** The words of a search, each once. Throws `invalid-request` for more than ten. */
export function wordsOf(q = ''): string[] {
  const words = [...new Set(q.split(/\s+/u).filter((word) => word !== ''))]
  if (words.length <= wordsMax) return words
  const errors = [{ pointer: '#/query/q', detail: `must have ${wordsMax} words at most` }]
  throw new Problem('invalid-request', 'The search has too many words', { errors })
}

/** Which events the caller may see in a list: the public ones, or with `mine` the own ones, an admin all. */
export function scopeOf(caller: Caller, mine: boolean) {
  if (!mine) return { withDrafts: false }
  if (caller.kind !== 'user') throw new Problem('not-signed-in', 'Log in to see your own events')
  return { withDrafts: true, organizerId: isAdmin(caller) ? undefined : caller.id }
}
