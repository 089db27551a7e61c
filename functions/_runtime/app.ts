import type { FunctionName } from '../../contracts/functions.ts'
import type { Route } from '../../contracts/route.ts'
import { Hono, type Context, type ErrorHandler, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { contextFrom, correlationHeader, deadlineHeader, inContext } from './context.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Direct } from './on-call.ts'
import { Problem, problemBody, retryAfterSeconds } from './problem.ts'
import type { Tokens } from './tokens.ts'

/** What the parts of the runtime that stand around every route need. */
export type AppParts = {
  name: FunctionName
  log: Log
  metrics: Metrics
  tokens: Tokens
  checkAnswers: boolean
}

/** With the routes that a function in the same process calls without HTTP, as `onCall` binds them. */
export type App = Hono & { direct: Map<Route, Direct> }

/** A function's app with nothing in it yet but what is the same in all: context, metrics, problems. */
export function createFunctionApp({ log, metrics }: AppParts): App {
  const app = Object.assign(new Hono(), { direct: new Map<Route, Direct>() })
  app.use(followed(metrics))
  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.get('/ready', (c) => c.json({ status: 'ok' }))
  app.get('/metrics', async (c) =>
    c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  )
  app.notFound((c) =>
    respond(c, new Problem('not-found', `Nothing answers ${c.req.method} ${c.req.path}`)),
  )
  app.onError(answerProblems(log))
  return app
}

/** Gives each request its context, its correlation id in the answer, and its place in the histogram. */
function followed(metrics: Metrics): MiddlewareHandler {
  return (c, next) => {
    const start = performance.now()
    const context = contextFrom({
      correlationId: c.req.header(correlationHeader),
      traceparent: c.req.header('traceparent'),
      limitMs: Number(c.req.header(deadlineHeader)),
    })
    return inContext(context, async () => {
      await next()
      c.res.headers.set(correlationHeader, context.correlationId)
      const seconds = (performance.now() - start) / 1000
      metrics.httpSeconds.observe(
        { method: c.req.method, route: routePath(c, -1), status: c.res.status },
        seconds,
      )
    })
  }
}

const answerProblems =
  (log: Log): ErrorHandler =>
  (err, c) =>
    respond(c, problemOf(log, err, c.req.path))

/** What a request is answered after `err` was thrown, which is logged where it is nobody's fault or a bug. */
export function problemOf(log: Log, err: unknown, path: string): Problem {
  if (err instanceof Problem) {
    if (err.status >= 500) log.warn({ err, path }, 'a request was not completed')
    return err
  }
  if (err instanceof HTTPException && err.status < 500)
    return new Problem('invalid-request', err.message)
  log.error({ err, path }, 'a request failed on a bug')
  const detail = 'The request was not completed; the correlation id finds it in our logs'
  return new Problem('internal', detail)
}

/** A problem as an answer. */
export function respond(c: Context, problem: Problem): Response {
  const wait = retryAfterSeconds[problem.code]
  const headers = {
    'content-type': 'application/problem+json',
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  }
  return c.body(JSON.stringify(problemBody(problem, c.req.path)), problem.status as 400, headers)
}
