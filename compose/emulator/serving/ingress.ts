import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { answerProblem } from '../problem.ts'
import type { Backend, FailureCode } from './backend.ts'
import { Call, type Receiving, type Request } from './call.ts'
import { readIncoming, type Incoming } from './headers.ts'
import type { Hosts } from './hosts.ts'

export type Ingress = {
  server: Server
  /** Requests whose answers somebody waits for; streams are none of them. */
  inFlight(): number
  /** From now on only functions are served, so that what is in flight can end; streams end at once. */
  drain(): void
}

export type IngressOptions = {
  hosts: Hosts
  /** Answers `emulator.localhost`. */
  status: () => Promise<unknown>
}

/** What a client may take for its headers, and for a small request: as the gateway behind would have it. */
const headersMsMax = 5000
const requestMsMax = 10_000

/** Smaller bodies are read before a process is asked, so that a slow client does not keep one busy. */
const wholeBodyBytesMax = 64 * 1024

/**
 * The one door: finds the function by the Host header and hands requests and answers through as they come.
 * Every request of a purchase passes here several times, so this is Node's server with a client of our own
 * behind it, and nothing in between.
 */
export function createIngress({ hosts, status }: IngressOptions): Ingress {
  const streams = new Set<ServerResponse>()
  const passages = new Set<Passage>()
  let isDraining = false

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const read = readIncoming(incoming)
    const backend = hosts.get(read.host)
    if (backend === undefined) return void answerOwn(read.host, outgoing)
    if (isDraining && !read.host.endsWith('.local'))
      return answerProblem(outgoing, 'busy', 'The emulator is being stopped')
    const passage = new Passage(backend, read.request, outgoing, { passages, streams })
    if (read.length === 0) return passage.start()
    if (read.length <= wholeBodyBytesMax) return readBody(outgoing, read, passage)
    read.request.source = incoming
    passage.start()
  }

  async function answerOwn(host: string, outgoing: ServerResponse): Promise<void> {
    if (host !== 'emulator.localhost')
      return answerProblem(outgoing, 'not-found', `Nothing is deployed under the name ${host}`)
    const now = `${JSON.stringify(await status(), null, 2)}\n`
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(now)
  }

  const server = createServer(
    {
      headersTimeout: headersMsMax,
      connectionsCheckingInterval: 1000,
      // Longer than a request may wait for a process, during which a large body is not read.
      requestTimeout: 300_000,
      // Longer than any client of ours keeps an idle connection, or it would send into a closed one.
      keepAliveTimeout: 120_000,
      maxHeaderSize: 32 * 1024,
    },
    answer,
  )
  return {
    server,
    inFlight: () => passages.size - streams.size,
    drain() {
      isDraining = true
      for (const stream of streams) stream.destroy()
    },
  }
}

function readBody(outgoing: ServerResponse, { request, length }: Incoming, passage: Passage): void {
  const incoming = outgoing.req
  const timer = setTimeout(() => {
    answerProblem(outgoing, 'request-too-slow', 'The body did not arrive in time')
    outgoing.once('finish', () => incoming.destroy())
  }, requestMsMax)
  outgoing.once('close', () => clearTimeout(timer))
  let first: Buffer | undefined
  let more: Buffer[] | undefined
  incoming.on('data', (chunk: Buffer) => {
    if (first === undefined) first = chunk
    else (more ??= [first]).push(chunk)
  })
  incoming.on('end', () => {
    clearTimeout(timer)
    if (outgoing.headersSent) return
    request.body = more ? Buffer.concat(more, length) : first
    passage.start()
  })
}

/** All that is on its way, and what of it are streams. */
type Open = { passages: Set<Passage>; streams: Set<ServerResponse> }

/** One request on its way through: a Call, whose answer becomes this one's. */
class Passage implements Receiving {
  readonly #outgoing: ServerResponse
  readonly #open: Open
  readonly #call: Call

  constructor(backend: Backend, request: Request, outgoing: ServerResponse, open: Open) {
    this.#outgoing = outgoing
    this.#open = open
    open.passages.add(this)
    this.#call = new Call(backend, request, this, backend.timeoutMs)
    outgoing.on('close', () => this.#closed())
  }

  start(): void {
    this.#call.start()
  }

  onHead(status: number, rawHeaders: string[], isAlone: boolean): void {
    const outgoing = this.#outgoing
    outgoing.writeHead(status, rawHeaders as never)
    if (!isAlone) return
    outgoing.flushHeaders()
    if (isStream(rawHeaders)) this.#open.streams.add(outgoing)
  }

  onData(chunk: Buffer | undefined, isLast: boolean): boolean {
    const outgoing = this.#outgoing
    if (isLast) {
      outgoing.end(chunk)
      return true
    }
    if (outgoing.write(chunk)) return true
    outgoing.once('drain', () => this.#call.resume())
    return false
  }

  onFailed(code: FailureCode, detail: string): void {
    answerProblem(this.#outgoing, code, detail)
  }

  #closed(): void {
    this.#open.passages.delete(this)
    this.#open.streams.delete(this.#outgoing)
    if (!this.#outgoing.writableFinished) this.#call.abort()
  }
}

function isStream(rawHeaders: string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === 'content-type')
      return rawHeaders[i + 1]?.startsWith('text/event-stream') ?? false
  return false
}
