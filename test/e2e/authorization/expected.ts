import { strangerGets } from '../../../contracts/authorization.ts'
import { problems, type ProblemCode } from '../../../contracts/problems.ts'
import type { Route } from '../../../contracts/route.ts'
import { isInside } from '../../../contracts/routes.ts'
import { scopeOf } from '../../../contracts/scopes.ts'
import type { Caller } from './callers.ts'
import type { Thing } from './thing.ts'

/** A thing that is asked for. */
export type Target = { is: 'somebody’s' | 'unknown' | 'malformed'; thing: Thing }
export type Door = 'gateway' | 'function'

/** The codes that a request may be refused with, or undefined where it must not be refused. */
export function refusalOf(
  route: Route,
  caller: Caller,
  target: Target,
  door: Door,
): ProblemCode[] | undefined {
  if (door === 'gateway' && isInside(route)) return ['not-found']
  if (caller.state === 'bad')
    return 'x-api-key' in caller.headers ? ['api-key-invalid'] : ['not-signed-in']
  return ofCaller(route, caller, door) ?? ofThing(route, caller, target)
}

function ofCaller(route: Route, caller: Caller, door: Door): ProblemCode[] | undefined {
  const { access } = route
  if (access !== 'anyone') {
    if (!caller.userId && !caller.function) return ['not-signed-in']
    const isAllowed =
      access === 'signed-in'
        ? caller.userId
        : 'roles' in access
          ? access.roles.some((role) => caller.roles.includes(role))
          : access.functions.some((name) => name === caller.function)
    if (!isAllowed) return ['forbidden']
  }
  const scope = scopeOf(route)
  if (caller.scopes && !(scope && caller.scopes.includes(scope))) return ['scope-missing']
  if (door === 'gateway' && caller.state === 'banned') return ['account-banned']
  if (door === 'gateway' && caller.state === 'revoked') return ['token-revoked']
  return undefined
}

function ofThing(route: Route, caller: Caller, target: Target): ProblemCode[] | undefined {
  const { thing } = target
  if (route.data === 'secret') return target.is === 'somebody’s' ? undefined : ofSecret(route)
  if (target.is === 'malformed') return ['invalid-request']
  const stranger = strangerGets(route)
  if (target.is === 'unknown')
    return stranger.includes(404) || route.params ? ['not-found'] : undefined
  if (thing.ownerId !== undefined && thing.ownerId === caller.userId) return undefined
  if (caller.roles.includes('admin') && route.data !== 'own') return undefined
  const isPrivate = route.data === 'own' || route.data === 'own-or-admin' || 'isDraft' in thing.more
  if (isPrivate && stranger.includes(404)) return ['not-found']
  return stranger.includes(403) ? ['forbidden'] : undefined
}

/** Log-out says nothing of what it was shown; all others refuse a secret that opens nothing. */
function ofSecret(route: Route): ProblemCode[] | undefined {
  if (!route.problems) return undefined
  const own = route.problems.filter((code) => [400, 401].includes(problems[code].status))
  return [...own, 'invalid-request']
}
