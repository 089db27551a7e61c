import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FetchCallback } from './adapter.ts'
import type { Neighbour } from './neighbours.ts'
import { createBoundedServer, limitClients, type Listener } from './server.ts'

/** What a function gives once it is loaded. */
export type Loaded = {
  /** Answers requests: a Hono app's `fetch`, or a listener of Node's own where each request's cost counts. */
  answer: { fetch: FetchCallback; direct?: Neighbour['direct'] } | { listener: Listener }
  /** Sockets that may be open at once; more are told 503. Without it, as many as the system gives. */
  clientsMax?: number
  /** A request that goes on to somebody else: his are its probes, too. */
  isForOther?: (incoming: IncomingMessage) => boolean
  /** Begins what goes on by itself, such as sweeps. Called once the function listens. */
  started?: () => void
  /** Ends it all: called when the last request is answered. */
  close: () => Promise<void>
}

const stopMsMax = 8000
/** How long a probe may be on its way to a process that has just begun to listen. */
const probeMs = 10

/**
 * Listens first and loads afterwards: whoever waits for a cold start waits for the socket, not for our
 * imports. `/health` and `/ready` are answered at once; other requests wait the moment until the function is
 * there.
 *
 * Knative sends SIGTERM only after 30 s without a request, and Kubernetes SIGKILL at the revision's
 * `timeoutSeconds`: so nothing new is taken, what is in flight ends, and the exit code is 0.
 */
export async function serve(
  load: () => Promise<Loaded>,
  { headerBytesMax = 16 * 1024 } = {},
): Promise<void> {
  let answer: Listener | undefined
  let isForOther: Loaded['isForOther']
  const early: [IncomingMessage, ServerResponse][] = []
  let ask: () => void
  const asked = new Promise<void>((resolve) => (ask = resolve))

  const server = createBoundedServer(headerBytesMax, (incoming, outgoing) => {
    ask()
    if (isProbe(incoming) && !isForOther?.(incoming))
      return void outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"status":"ok"}')
    if (answer) return void answer(incoming, outgoing)
    early.push([incoming, outgoing])
  })
  const stopping = stopSignal()
  const { PORT = '8080', HOST = '0.0.0.0' } = process.env
  await new Promise<void>((resolve) => server.listen(Number(PORT), HOST, resolve))
  // Who started us with PORT=0 learns the port that the system chose.
  process.send?.({ port: (server.address() as AddressInfo).port })

  // Loading keeps the thread busy. A probe that is already on its way is answered before, not after.
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, probeMs))])
  const loaded = await load()
  answer = await listenerOf(loaded)
  isForOther = loaded.isForOther
  limitClients(server, loaded.clientsMax)
  for (const [incoming, outgoing] of early.splice(0)) answer(incoming, outgoing)
  loaded.started?.()

  await stopping
  const closed = new Promise((resolve) => server.close(resolve))
  // A connection that was busy until now stays open, and idle: it too is closed as soon as it is.
  const closing = setInterval(() => server.closeIdleConnections(), 50)
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, stopMsMax).unref())])
  clearInterval(closing)
  await loaded.close()
  process.exit(0)
}

const isProbe = ({ url }: IncomingMessage): boolean => url === '/health' || url === '/ready'

/** SIGTERM, Ctrl-C, or the end of the process that started this one. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
    process.once('disconnect', () => resolve())
  })
}

/** Node's way to call what a function gives. */
export async function listenerOf({ answer }: Loaded): Promise<Listener> {
  if ('listener' in answer) return answer.listener
  const { listenerFor } = await import('./adapter.ts')
  return listenerFor(answer.fetch)
}
