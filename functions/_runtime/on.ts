import type { ProblemCode } from '../../contracts/problems.ts'
import { defaultBodyBytesMax, type Access, type Input, type Route } from '../../contracts/route.ts'
import type { Context } from 'hono'
import type { App, AppParts } from './app.ts'
import { readBody } from './body.ts'
import { checkAnswer, checkProblem, withNamedProblems } from './checks.ts'
import { parseInput } from './input.ts'
import { Problem } from './problem.ts'
import { allowScope } from './scopes.ts'
import type { Caller } from './tokens.ts'

/** The request once it has passed its contract: who calls, and every part of it parsed. */
export type Request<R extends Route> = Input<R> & { caller: Caller }

export type User = Extract<Caller, { kind: 'user' }>

/**
 * Binds a route of the contracts to its handler. Before the handler runs: the caller is known and allowed,
 * the body is not too large, and every part of the request has been parsed, or all that is wrong with it is
 * answered at once.
 */
export function on<R extends Route>(
  app: App,
  parts: AppParts,
  route: R,
  handler: (c: Context, request: Request<R>) => Response | Promise<Response>,
): void {
  app.on(route.method, route.path, async (c) => {
    const caller = await callerOf(c, parts)
    allow(route.access, caller)
    allowScope(route, caller)
    const input = await readInput(c, route)
    const request = { ...input, caller } as Request<R>
    return parts.checkAnswers ? checked(route, () => handler(c, request)) : handler(c, request)
  })
}

/** The user who calls, on routes whose access lets nobody else in. */
export function userOf(caller: Caller): User {
  if (caller.kind !== 'user') throw new Error('this route is open to others than users')
  return caller
}

export const isAdmin = (caller: Caller): boolean =>
  caller.kind === 'user' && caller.roles.includes('admin')

export async function callerOf(c: Context, { tokens }: AppParts): Promise<Caller> {
  const given = c.req.header('authorization')
  if (given === undefined) return { kind: 'anyone' }
  const token = /^bearer ([\w.~+/-]+=*)$/i.exec(given)?.[1]
  if (!token) throw notSignedIn()
  try {
    return await tokens.verify(token)
  } catch (err) {
    if (err instanceof Problem) throw err
    throw notSignedIn(err)
  }
}

const notSignedIn = (cause?: unknown) =>
  new Problem(
    'not-signed-in',
    'Log in, and send the access token as Authorization: Bearer',
    {},
    cause,
  )

/** Denied until the contract says who may: 401 for nobody, 403 for somebody else. */
export function allow(access: Access, caller: Caller): void {
  if (access === 'anyone') return
  if (caller.kind === 'anyone') throw notSignedIn()
  if (access === 'signed-in' ? caller.kind === 'user' : isNamed(access, caller)) return
  throw new Problem('forbidden', 'Your account has no role that may do this')
}

function isNamed(access: Exclude<Access, string>, caller: Caller): boolean {
  if ('functions' in access)
    return caller.kind === 'function' && access.functions.includes(caller.name)
  return caller.kind === 'user' && access.roles.some((role) => caller.roles.includes(role))
}

async function readInput(c: Context, route: Route) {
  return parseInput(route, {
    params: route.params && c.req.param(),
    query: route.query && singleValued(c.req.queries()),
    headers: route.headers && c.req.header(),
    body: route.body && (await readBody(c, route.bodyBytesMax ?? defaultBodyBytesMax)),
  })
}

/** A parameter that is given twice stays an array, so that the schema refuses it: no last one wins. */
const singleValued = (queries: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(queries).map(([name, all]) => [name, all.length === 1 ? all[0] : all]),
  )

async function checked(route: Route, work: () => Response | Promise<Response>): Promise<Response> {
  const answer = await withNamedProblems(route, work)
  const json = () => answer.clone().json()
  if (answer.headers.get('content-type') !== 'application/problem+json')
    await checkAnswer(route, answer.status, json)
  // A problem that is answered rather than thrown, such as a kept one.
  else checkProblem(route, ((await json()) as { code: ProblemCode }).code, 'answered')
  return answer
}
