import { commonProblems, type ProblemCode } from '../../contracts/problems.ts'
import { defaultBodyBytesMax, type Access, type Input, type Route } from '../../contracts/route.ts'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { App, AppParts } from './app.ts'
import { readBody } from './body.ts'
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
    const input = await parse(c, route)
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

/** A request may be wrong in a hundred thousand places; nobody is sent a list of them all. */
const errorsMax = 100
const errorCharactersMax = 200

const shortened = (text: string) =>
  text.length > errorCharactersMax ? `${text.slice(0, errorCharactersMax)}…` : text

async function parse(c: Context, route: Route) {
  const errors: { pointer: string; detail: string }[] = []
  const part = <S extends z.ZodType>(schema: S | undefined, value: () => unknown, at: string) => {
    if (!schema) return undefined
    const parsed = schema.safeParse(value())
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues.slice(0, errorsMax - errors.length))
      errors.push({
        pointer: shortened([at, ...issue.path.map(escapePointer)].join('/')),
        detail: shortened(issue.message),
      })
    return undefined
  }
  const params = part(route.params, () => c.req.param(), '#/params')
  const query = part(route.query, () => singleValued(c.req.queries()), '#/query')
  const headers = part(route.headers, () => c.req.header(), '#/headers')
  const json = route.body && (await readBody(c, route.bodyBytesMax ?? defaultBodyBytesMax))
  const body = part(route.body, () => json, '#')
  if (errors.length > 0)
    throw new Problem(
      'invalid-request',
      'The request does not match its contract; errors says where',
      { errors },
    )
  return { params, query, headers, body }
}

/** A parameter that is given twice stays an array, so that the schema refuses it: no last one wins. */
const singleValued = (queries: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(queries).map(([name, all]) => [name, all.length === 1 ? all[0] : all]),
  )

const escapePointer = (step: PropertyKey) =>
  String(step).replaceAll('~', '~0').replaceAll('/', '~1')

/** Runs a handler and compares what it answers or throws with its contract. */
async function checked(route: Route, work: () => Response | Promise<Response>): Promise<Response> {
  try {
    const answer = await work()
    await checkAnswer(route, answer)
    return answer
  } catch (err) {
    if (err instanceof Problem && !isNamedProblem(route, err.code))
      throw new Error(`${route.path} threw ${err.code}, which its contract does not name`, {
        cause: err,
      })
    throw err
  }
}

const isNamedProblem = (route: Route, code: ProblemCode) =>
  commonProblems.includes(code) || (route.problems?.includes(code) ?? false)

/** Also for problems that are answered rather than thrown, such as kept ones. */
async function checkAnswer(route: Route, answer: Response): Promise<void> {
  const where = `${route.method} ${route.path} answered ${answer.status}`
  if (answer.headers.get('content-type') === 'application/problem+json') {
    const { code } = (await answer.clone().json()) as { code: ProblemCode }
    if (isNamedProblem(route, code)) return
    throw new Error(`${where} ${code}, which its contract does not name`)
  }
  const schema = route.answers[answer.status]
  if (schema === undefined) throw new Error(`${where}, which its contract does not name`)
  if (schema === null || typeof schema === 'string') return
  const parsed = schema.safeParse(await answer.clone().json())
  if (!parsed.success) throw new Error(`${where}: ${parsed.error.message}`)
}
