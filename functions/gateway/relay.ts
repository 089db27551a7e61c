import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { codeOf } from '../_runtime/postgres-errors.ts'
import { Problem } from '../_runtime/problem.ts'
import { hasBody, tooLarge } from './bodies.ts'
import type { Deps } from './deps.ts'
import { answerHeaders, forwardHeaders } from './headers.ts'
import { countAnswer, refuse, type Passage } from './passage.ts'
import type { PublicRoute } from './routes.ts'

const attemptsMax = 3

/** A client that takes nothing of a stream for this long is sent away; it comes back with its last event. */
const stalledMsMax = 30_000

/**
 * Carries a request to its function and the answer back. The answer is a stream, and so is a large body, which
 * is not touched before there is a connection, so that a request that could not be sent can be sent again. One
 * that broke off later is not, unless it only reads: whether it took effect is unknown.
 */
export function relay(deps: Deps, passage: Passage, route: PublicRoute): void {
  const { incoming } = passage
  const upstream = deps.upstreams.of(route.owner)
  const deadlineMs = Math.floor(passage.startedAt + deps.requestMs - performance.now())
  const onward = request({
    agent: route.streams ? upstream.streams : upstream.requests,
    host: upstream.host,
    port: upstream.port,
    method: incoming.method,
    path: incoming.url,
    headers: forwardHeaders(passage, {
      hostHeader: upstream.hostHeader,
      deadlineMs: Math.max(1, deadlineMs),
    }),
  })
  passage.onward = onward
  passage.attempts += 1
  onward.on('response', (answer) => passAnswer(deps, passage, answer))
  onward.on('error', (err) => retryOrRefuse(deps, passage, err))
  if (passage.body !== undefined) onward.end(passage.body)
  else if (hasBody(incoming)) onceConnected(onward, () => passBody(deps, passage, onward))
  else onward.end()
}

function onceConnected(onward: ClientRequest, then: () => void): void {
  onward.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', then)
    else then()
  })
}

function passBody(deps: Deps, passage: Passage, onward: ClientRequest): void {
  const { incoming, route } = passage
  const bytesMax = (route as PublicRoute).bodyBytesMax
  const announced = Number(incoming.headers['content-length'] ?? -1)
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    // Read on and thrown away, so that the client gets to read why.
    if (passage.isOver) return
    if (bytes > bytesMax) return refuse(deps, passage, tooLarge(bytesMax))
    // The whole of it at once, which is the rule, leaves in one packet with its head.
    if (chunk.length === announced) onward.end(chunk)
    else if (!onward.write(chunk)) {
      incoming.pause()
      onward.once('drain', () => incoming.resume())
    }
  })
  incoming.on('end', () => {
    if (!onward.writableEnded) onward.end()
  })
}

function passAnswer(deps: Deps, passage: Passage, answer: IncomingMessage): void {
  const { outgoing, route } = passage
  if (passage.isOver) return void answer.resume()
  const status = answer.statusCode as number
  countAnswer(deps, passage, status)
  outgoing.writeHead(status, answerHeaders(answer.rawHeaders, passage))
  answer.on('error', (err) => refuse(deps, passage, unreachable(err)))
  if (route?.streams) {
    clearTimeout(passage.timer)
    outgoing.flushHeaders()
  }
  const announced = Number(answer.headers['content-length'] ?? -1)
  answer.on('data', (chunk: Buffer) => {
    if (chunk.length === announced) outgoing.end(chunk)
    else if (!outgoing.write(chunk)) pauseUntilRead(passage, answer)
  })
  answer.on('end', () => {
    passage.isOver = true
    if (route?.streams) passage.timer = setTimeout(() => outgoing.destroy(), stalledMsMax)
    if (!outgoing.writableEnded) outgoing.end()
    if (passage.onward?.writableEnded) return
    // Answered before it had read the whole body: it gets no more of it, and the rest is thrown away.
    passage.onward?.destroy()
    passage.incoming.resume()
  })
}

/** Of an answer, no more is taken than the client reads; its time is the request's, and a stream's is here. */
function pauseUntilRead(passage: Passage, answer: IncomingMessage): void {
  const { outgoing, route } = passage
  answer.pause()
  if (route?.streams) passage.timer = setTimeout(() => outgoing.destroy(), stalledMsMax)
  outgoing.once('drain', () => {
    if (route?.streams) clearTimeout(passage.timer)
    answer.resume()
  })
}

const neverArrived = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function retryOrRefuse(deps: Deps, passage: Passage, err: Error): void {
  if (passage.isOver) return
  const { incoming, outgoing, attempts } = passage
  const route = passage.route as PublicRoute
  const wasSent =
    !neverArrived.has(codeOf(err) ?? '') && !('syscall' in err && err.syscall === 'connect')
  deps.metrics.callsFailed.inc({ callee: route.owner, reason: wasSent ? 'unknown' : 'none' })
  const onlyReads = incoming.method === 'GET' && !hasBody(incoming)
  if (outgoing.headersSent || attempts === attemptsMax || (wasSent && !onlyReads))
    return refuse(deps, passage, unreachable(err, wasSent))
  setTimeout(
    () => {
      if (!passage.isOver) relay(deps, passage, route)
    },
    20 + Math.random() * 60 * attempts,
  )
}

const unreachable = (err: Error, wasSent = true) =>
  new Problem(
    'function-unreachable',
    wasSent
      ? 'The answer broke off; whether the request had an effect is unknown. Send it again with the same Idempotency-Key'
      : 'Nothing was sent; try again',
    {},
    err,
  )
