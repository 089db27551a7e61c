import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { problems, type ProblemCode } from '../../contracts/problems.ts'

export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown

/** What a client may take to send its headers, and the whole of its request. */
export const headersMsMax = 5000
export const requestMsMax = 10_000

/**
 * A server that nobody keeps busy by being slow: headers must be there within 5 s of the connection or of the
 * answer before, the whole request within 10 s. `Expect: 100-continue` is left to the listener, so that it can
 * refuse a body before it is sent.
 */
export function createBoundedServer(headerBytesMax: number, listener: Listener): Server {
  const last = new WeakMap<Socket, ServerResponse>()
  const listen: Listener = (incoming, outgoing) => {
    last.set(incoming.socket, outgoing)
    return listener(incoming, outgoing)
  }
  const server = createServer(
    {
      headersTimeout: headersMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: 1000,
      // Longer than any proxy before us keeps an idle connection, or it would send into a closed one.
      keepAliveTimeout: 120_000,
      maxHeaderSize: headerBytesMax,
    },
    listen,
  )
  // Bounded by their bytes; by their number, Node would leave the rest out without a word.
  server.maxHeadersCount = 0
  server.on('checkContinue', listen)
  server.on('clientError', (err: Error & { code?: string }, socket: Socket) => {
    const answered = last.get(socket)
    // In the middle of another answer, a second one would be read as a part of it.
    if (!socket.writable || (answered?.headersSent && !answered.writableFinished))
      return void socket.destroy()
    socket.end(closingAnswer(codeOf(err)))
  })
  return server
}

/** Sockets beyond the limit are told so and closed; the others do not notice. */
export function limitClients(server: Server, clientsMax = Infinity): void {
  let count = 0
  server.getConnections((_, open) => (count += open))
  server.prependListener('connection', (socket: Socket) => {
    count += 1
    socket.once('close', () => (count -= 1))
    if (count <= clientsMax) return
    socket.end(closingAnswer('busy'))
    socket.destroySoon()
  })
}

function codeOf({ code }: { code?: string }): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-too-slow'
  return code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW' ? 'body-too-large' : 'invalid-request'
}

/** An answer to what never became a request, so there is nothing to tell it by. */
function closingAnswer(code: ProblemCode): string {
  const { status, title } = problems[code]
  const type = `urn:boxoffice:problem:${code}`
  const body = JSON.stringify({ type, title, status, detail: title, code })
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    ...(status === 503 ? ['retry-after: 1'] : []),
    'connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
