import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { correlationHeader, inContext, safeCorrelationId } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem, problemBody, retryAfterSeconds } from '../_runtime/problem.ts'
import { clientAddressOf, isFromTrusted, networkOf } from './client-address.ts'
import type { Deps } from './deps.ts'
import { answerHeaders } from './headers.ts'
import type { PublicRoute } from './routes.ts'

/** One request on its way through the house. */
export type Passage = {
  incoming: IncomingMessage
  outgoing: ServerResponse
  correlationId: string
  /** Of the client, and what it is counted as; the peer is a proxy that we trust. */
  address: string
  network: string
  isFromProxy: boolean
  /** Headers that the answer has besides the function's, as names and values in turn. */
  moreHeaders: string[]
  /** What the function is told. */
  authorization: string | undefined
  /** The whole of it, unless the route takes so much that it is streamed. */
  body: Buffer | undefined
  bodyBytes: number
  startedAt: number
  timer: NodeJS.Timeout | undefined
  route: PublicRoute | undefined
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
  const { trustedProxies } = deps
  const address = clientAddressOf(incoming, trustedProxies)
  const passage: Passage = {
    incoming,
    outgoing,
    correlationId: safeCorrelationId(given) ?? newId(),
    address,
    network: networkOf(address),
    isFromProxy: isFromTrusted(incoming, trustedProxies),
    moreHeaders: [...deps.everyAnswer, ...deps.cors.headersFor(incoming)],
    authorization: undefined,
    body: undefined,
    bodyBytes: 0,
    startedAt: performance.now(),
    timer: undefined,
    route: undefined,
    onward: undefined,
    attempts: 0,
    isOver: false,
  }
  deps.crowd.count += 1
  inFlight.set(incoming.socket, atOnceOn(passage) + 1)
  passage.timer = setTimeout(endLatePassage, deps.requestMs, deps, passage)
  outgoing.once('close', () => leave(deps, passage))
  return passage
}

const inFlight = new WeakMap<Socket, number>()

/** Requests of the same connection that are in the house: more than one where the client sends without waiting. */
export const atOnceOn = ({ incoming }: Pick<Passage, 'incoming'>): number =>
  inFlight.get(incoming.socket) ?? 0

function endLatePassage(deps: Deps, passage: Passage): void {
  // Answered long ago, to a client that does not read it.
  if (passage.isOver) return void passage.outgoing.destroy()
  const seconds = deps.requestMs / 1000
  const detail = `There was no answer within ${seconds} s; whether the request had an effect is unknown. Send it again with the same Idempotency-Key`
  refuse(deps, passage, new Problem('time-limit', detail))
}

function leave(deps: Deps, passage: Passage): void {
  deps.crowd.count -= 1
  inFlight.set(passage.incoming.socket, atOnceOn(passage) - 1)
  deps.shelf.bytes -= passage.bodyBytes
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
  outgoing.writeHead(problem.status, problemHeaders(problem, body, passage))
  outgoing.end(body)
  // What is still to come of the request is thrown away, so that the client gets to read the answer.
  incoming.resume()
}

function problemHeaders({ code, status, facts }: Problem, body: string, passage: Passage) {
  const list = answerHeaders(
    ['content-type', 'application/problem+json', 'content-length', String(Buffer.byteLength(body))],
    passage,
  )
  const wait = (facts.retryAfterSeconds as number | undefined) ?? retryAfterSeconds[code]
  if (wait !== undefined) list.push('retry-after', String(wait))
  if (status === 401) list.push('www-authenticate', 'Bearer')
  if (Array.isArray(facts.allow)) list.push('allow', facts.allow.join(', '))
  return list
}
