import { scopeOf } from '../../contracts/scopes.ts'
import { Problem } from './problem.ts'
import type { Caller } from './tokens.ts'

/** Refuses a token with scopes where it lacks the route's, also where anyone may come. Others pass. */
export function allowScope(route: Parameters<typeof scopeOf>[0], caller: Caller): void {
  if (caller.kind !== 'user' || !caller.scopes) return
  const scope = scopeOf(route)
  if (scope !== null && caller.scopes.includes(scope)) return
  const detail =
    scope === null ? 'No API key may come here; log in' : `The API key lacks the scope ${scope}`
  throw new Problem('scope-missing', detail, { scope })
}
