import { functionNames, type FunctionName } from './functions.ts'
import type { Access, Method } from './route.ts'

/** Accounts, keys and what admins look after: no API key reaches them. */
const closed: readonly FunctionName[] = ['users', 'dead-letters', 'gateway']

/** The scopes that an API key may have: `<owner function>:read` and `:write`. */
export const scopes = functionNames
  .filter((name) => !closed.includes(name))
  .flatMap((name) => [`${name}:read`, `${name}:write`] as const)

/**
 * The scope that a token with scopes needs for a route: `read` for GET, `write` for all else. Null where no API
 * key may come: accounts, dead letters, what is for admins only or inside only.
 */
export function scopeOf({ owner, method, access }: Scoped): string | null {
  if (closed.includes(owner)) return null
  if (typeof access === 'object' && !opensToKeys(access)) return null
  return `${owner}:${method === 'GET' ? 'read' : 'write'}`
}

type Scoped = { owner: FunctionName; method: Method; access: Access }

const opensToKeys = (access: Exclude<Access, string>): boolean =>
  'roles' in access && access.roles.some((role) => role !== 'admin')
