import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { correlationHeader, inContext, safeCorrelationId } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem, problemBody, retryAfterSeconds } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { answerHeaders } from './headers.ts'
import type { PublicRoute } from './routes.ts'

/** One request on its way through the house. */
export type Passage = {
  incoming: IncomingMessage
  outgoing: ServerResponse
  correlationId: string
  startedAt: number
  timer: NodeJS.Timeout | undefined
  route: PublicRoute | undefined
  /** Where it had to be read whole; else it is streamed. */
  body: Buffer | undefined
  /** The request to the function, once there is one. */
  onward: ClientRequest | undefined
  attempts: number
  /** Answered, refused or left by the client: whatever still happens to it is no longer of interest. */
  isOver: boolean
}

/** Lets a request in, for at most the time that a request has. It leaves when its answer is out or the client gone. */
export function openPassage(
  deps: Deps,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Passage {
  const given = incoming.headers[correlationHeader]
  const passage: Passage = {
    incoming,
    outgoing,
    correlationId: safeCorrelationId(given as string | undefined) ?? newId(),
    startedAt: performance.now(),
    timer: undefined,
    route: undefined,
    body: undefined,
    onward: undefined,
    attempts: 0,
    isOver: false,
  }
  deps.crowd.count += 1
  passage.timer = setTimeout(endLatePassage, deps.requestMs, deps, passage)
  outgoing.once('close', () => leave(deps, passage))
  return passage
}

function endLatePassage(deps: Deps, passage: Passage): void {
  const seconds = deps.requestMs / 1000
  const detail = `There was no answer within ${seconds} s; whether the request had an effect is unknown. Send it again with the same Idempotency-Key`
  refuse(deps, passage, new Problem('time-limit', detail))
}

function leave(deps: Deps, passage: Passage): void {
  deps.crowd.count -= 1
  clearTimeout(passage.timer)
  if (!passage.isOver && !passage.outgoing.headersSent) countAnswer(deps, passage, clientGone)
  passage.isOver = true
  // Nobody reads the answer any more; after a whole answer this does nothing.
  if (!passage.outgoing.writableFinished) passage.onward?.destroy()
}

/** As nginx counts requests that the client gave up. */
const clientGone = 499

/** Into the histogram, by the route's pattern and never by the path. */
export function countAnswer({ metrics }: Deps, passage: Passage, status: number): void {
  metrics.httpSeconds.observe(
    { method: passage.incoming.method as string, route: passage.route?.path ?? 'none', status },
    (performance.now() - passage.startedAt) / 1000,
  )
}

/** Ends a passage with whatever was thrown in it: its problem, or 500 for what should not happen. */
export function refuse(deps: Deps, passage: Passage, thrown: unknown): void {
  if (passage.isOver) return
  const problem =
    thrown instanceof Problem
      ? thrown
      : new Problem('internal', 'The request was not completed', {}, thrown)
  const { outgoing, incoming, correlationId, onward } = passage
  passage.isOver = true
  onward?.destroy()
  if (problem.status >= 500)
    inContext({ correlationId }, () =>
      deps.log.warn({ err: problem, route: passage.route?.path }, 'a request was not completed'),
    )
  // Half an answer is out: to break it off is the only way left to say that it is not whole.
  if (outgoing.headersSent) return void outgoing.destroy()
  countAnswer(deps, passage, problem.status)
  const path = (incoming.url as string).split('?', 1)[0] as string
  const body = inContext({ correlationId }, () => JSON.stringify(problemBody(problem, path)))
  outgoing.writeHead(problem.status, problemHeaders(problem, body, correlationId))
  outgoing.end(body)
  // What is still to come of the request is thrown away, so that the client gets to read the answer.
  incoming.resume()
}

function problemHeaders({ code, status, facts }: Problem, body: string, correlationId: string) {
  const list = answerHeaders(
    [
      'content-type',
      'application/problem+json',
      'content-length',
      String(Buffer.byteLength(body)),
      'cache-control',
      'no-store',
    ],
    correlationId,
  )
  const wait = retryAfterSeconds[code]
  if (wait !== undefined) list.push('retry-after', String(wait))
  if (status === 401) list.push('www-authenticate', 'Bearer')
  if (Array.isArray(facts.allow)) list.push('allow', facts.allow.join(', '))
  return list
}
