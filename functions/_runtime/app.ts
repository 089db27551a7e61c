import type { FunctionName } from '../../contracts/functions.ts'
import { Hono, type Context, type ErrorHandler, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import {
  correlationHeader,
  deadlineHeader,
  inContext,
  safeCorrelationId,
  safeTraceparent,
} from './context.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
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

export type App = Hono

/** A function's app with nothing in it yet but what is the same in all: context, metrics, problems. */
export function createFunctionApp({ log, metrics }: AppParts): App {
  const app = new Hono()
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
    const limit = Number(c.req.header(deadlineHeader))
    const context = {
      correlationId: safeCorrelationId(c.req.header(correlationHeader)) ?? newId(),
      deadlineAt: limit > 0 ? start + limit : Infinity,
    }
    const traceparent = safeTraceparent(c.req.header('traceparent'))
    return inContext(traceparent ? { ...context, traceparent } : context, async () => {
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
