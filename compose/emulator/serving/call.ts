import type { IncomingMessage } from 'node:http'
import type { Backend, FailureCode, Place, Waiting } from './backend.ts'
import type { Answering, Connection } from './connection.ts'

/** A request as it goes over the wire. */
export type Request = {
  /** Request line and headers with the empty line; one byte a character. */
  head: string
  /** The body where it is there as a whole. */
  body: Buffer | undefined
  /** The body where it is still coming, framed as the head says. */
  source: IncomingMessage | undefined
  isChunked: boolean
  isHead: boolean
}

export type Receiving = {
  onHead: Answering['onHead']
  onData: Answering['onData']
  /** No answer, or only a part of it. Called once, and nothing after it. */
  onFailed(code: FailureCode, detail: string): void
}

const refusalsMax = 5

/**
 * One request to one backend, from its arrival to the end of its answer. A process that refuses the connection
 * has seen nothing, so another is tried; once anything may have been sent, the request is never repeated.
 */
export class Call implements Waiting, Answering {
  readonly sinceMs = performance.now()
  isOver = false
  readonly #backend: Backend
  readonly #request: Request
  readonly #receiving: Receiving
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined
  #place: Place | undefined
  #connection: Connection | undefined
  #refusals = 0

  constructor(backend: Backend, request: Request, receiving: Receiving, timeoutMs: number) {
    this.#backend = backend
    this.#request = request
    this.#receiving = receiving
    this.#timeoutMs = timeoutMs
  }

  start(): void {
    if (this.isOver) return
    this.#timer = setTimeout(expire, this.#timeoutMs, this, this.#timeoutMs)
    this.#find()
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    if (this.isOver) return
    this.#end()
    this.#connection?.destroy()
  }

  /** The receiver can take more. */
  resume(): void {
    this.#connection?.resume()
  }

  go(place: Place): void {
    const { head, body, source, isHead } = this.#request
    const connection = place.upstream.connection()
    this.#place = place
    this.#connection = connection
    connection.ask(this, { head, body, isHead, isStreamed: source !== undefined })
    if (source) connection.whenOpen(() => this.#send(connection, source))
  }

  fail(code: FailureCode, detail: string): void {
    if (this.isOver) return
    this.#end()
    this.#connection?.destroy()
    this.#receiving.onFailed(code, detail)
  }

  onHead(status: number, rawHeaders: string[], isAlone: boolean): void {
    this.#receiving.onHead(status, rawHeaders, isAlone)
  }

  onData(chunk: Buffer | undefined, isLast: boolean): boolean {
    if (isLast) this.#end()
    return this.#receiving.onData(chunk, isLast)
  }

  onBroken(err: Error, wasSent: boolean): void {
    const place = this.#place as Place
    this.#connection = undefined
    if (wasSent || this.#refusals === refusalsMax)
      return this.fail(
        'function-unreachable',
        `${this.#backend.name} did not answer: ${err.message}`,
      )
    this.#refusals++
    this.#place = undefined
    this.#backend.refused(place)
    this.#backend.release(place)
    this.#find()
  }

  #find(): void {
    const place = this.#backend.take()
    if (place) this.go(place)
    else this.#backend.wait(this)
  }

  #send(connection: Connection, source: IncomingMessage): void {
    const { isChunked } = this.#request
    source.on('data', (chunk: Buffer) => {
      if (this.isOver || this.#connection !== connection) return
      const framed = isChunked ? frame(chunk) : chunk
      if (connection.write(framed)) return
      source.pause()
      connection.onDrain(() => source.resume())
    })
    source.on('end', () => {
      if (this.isOver || this.#connection !== connection) return
      if (isChunked) connection.write(lastChunk)
      connection.sent()
    })
  }

  #end(): void {
    this.isOver = true
    clearTimeout(this.#timer)
    const place = this.#place
    this.#place = undefined
    this.#request.source?.resume()
    if (place) this.#backend.release(place)
  }
}

function expire(call: Call, timeoutMs: number): void {
  call.fail('time-limit', `There was no whole answer within ${timeoutMs / 1000} s`)
}

const lastChunk = Buffer.from('0\r\n\r\n')

const frame = (chunk: Buffer) =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
