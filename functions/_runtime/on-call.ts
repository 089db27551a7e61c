import type { FunctionName } from '../../contracts/functions.ts'
import type { Input, Route } from '../../contracts/route.ts'
import { problemOf, type App, type AppParts } from './app.ts'
import { overJsonBody } from './body.ts'
import type { Called } from './calls.ts'
import { checkAnswer, withNamedProblems } from './checks.ts'
import { contextFrom, current, inContext } from './context.ts'
import { parseInput, pathOf, textsOf } from './input.ts'
import { allow, on, type Request } from './on.ts'
import type { Exchanged } from './over-http.ts'
import { overJson } from './over-json.ts'
import { problemBody } from './problem.ts'

/** A call without HTTP. It never rejects, but for what is no JSON: a refusal, and a bug, are the text of their problem. */
export type Direct = (
  caller: FunctionName,
  given: Partial<Input<Route>>,
  timeoutMs: number,
) => Promise<Told | Exchanged>

export type Told = { status: number; body: unknown }

type Body<R extends Route> = Called<R>['body']
type Handler<R extends Route> = (
  request: Request<R>,
) => Promise<Body<R> extends undefined ? void : Body<R>>

/**
 * Binds a route between functions as `on` does, to a handler that gives the body alone; the status is the one that the
 * contract has. A function in the same process calls that handler directly: access, validation, context, metrics and
 * problems are those of a request, and neither side gets an object that the other keeps.
 */
export function onCall<R extends Route>(
  app: App,
  parts: AppParts,
  route: R,
  handler: Handler<R>,
): void {
  const [status, more] = Object.keys(route.answers).map(Number)
  if (status === undefined || more !== undefined)
    throw new Error(`${route.path} has not one answer but several, or none`)
  on(app, parts, route, async (c, request) => {
    const body = await handler(request)
    return body === undefined ? c.body(null, status as 204) : c.json(body, status as 200)
  })
  app.direct.set(route, directly({ parts, route, handler: handler as never, status }))
}

type Bound = { parts: AppParts; route: Route; handler: Handler<Route>; status: number }

/** There is no token: who is in this process has its service key. */
const directly =
  (bound: Bound): Direct =>
  (name, given, timeoutMs) => {
    const start = performance.now()
    const { log, metrics } = bound.parts
    const { method, path: pattern } = bound.route
    return inContext(contextFrom({ ...current(), limitMs: timeoutMs }), async () => {
      const answer = await answerOf(bound, name, given).catch((err: unknown) => {
        const path = pathOf(bound.route, given.params)
        const problem = problemOf(log, err, path)
        return { status: problem.status, text: JSON.stringify(problemBody(problem, path)) }
      })
      const seconds = (performance.now() - start) / 1000
      metrics.httpSeconds.observe({ method, route: pattern, status: answer.status }, seconds)
      return answer
    })
  }

async function answerOf(
  { parts: { checkAnswers }, route, handler, status }: Bound,
  name: FunctionName,
  given: Partial<Input<Route>>,
): Promise<Told> {
  const caller = { kind: 'function', name } as const
  allow(route.access, caller)
  const input = parseInput(route, {
    params: route.params && textsOf(given.params),
    query: route.query && textsOf(given.query),
    headers: route.headers && textsOf(given.headers),
    body: route.body && overJsonBody(given.body),
  })
  const answer = () => handler({ ...input, caller })
  const body = overJson(await (checkAnswers ? withNamedProblems(route, answer) : answer()))
  if (checkAnswers) await checkAnswer(route, status, () => body)
  return { status, body }
}
