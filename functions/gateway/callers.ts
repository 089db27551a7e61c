import { Problem } from '../_runtime/problem.ts'
import type { Caller, Tokens } from '../_runtime/tokens.ts'
import type { PublicRoute } from './routes.ts'

/** Nobody, or a user. `verify` gives one and the same for as long as it remembers his token. */
export type Visitor = Exclude<Caller, { kind: 'function' }>

const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i

/**
 * Who calls from outside: nobody, or a user. A token that is not good is refused even where none is needed,
 * and a function's own token always: between functions nobody comes through this door.
 */
export async function visitorOf(
  tokens: Tokens,
  authorization: string | undefined,
): Promise<Visitor> {
  if (authorization === undefined) return nobody
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined) throw notSignedIn()
  const caller = await tokens.verify(token).catch((err: unknown) => {
    throw err instanceof Problem ? err : notSignedIn(err)
  })
  if (caller.kind === 'function') throw notSignedIn()
  return caller
}

/** 401 for nobody, 403 for somebody else. The function checks again by itself. */
export function allow(access: PublicRoute['access'], visitor: Visitor): void {
  if (access === 'anyone') return
  if (visitor.kind !== 'user') throw notSignedIn()
  if (access === 'signed-in' || access.roles.some((role) => visitor.roles.includes(role))) return
  throw new Problem('forbidden', 'Your account has no role that may do this')
}

const nobody = { kind: 'anyone' } as const

export const notSignedIn = (cause?: unknown) =>
  new Problem(
    'not-signed-in',
    'Log in, and send the access token as Authorization: Bearer',
    {},
    cause,
  )
