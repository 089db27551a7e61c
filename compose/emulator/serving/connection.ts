import { connect, type Socket } from 'node:net'
import { parseAnswerHead, type AnswerHead } from './answer-head.ts'
import { ChunkedBody } from './chunked.ts'

/** Who waits for the answer to a request: `onHead` once, `onData` until `isLast`, or `onBroken` at any point. */
export type Answering = {
  /** `isAlone`: nothing of the body has arrived with it. */
  onHead(status: number, rawHeaders: string[], isAlone: boolean): void
  /** The bytes are the receiver's own. False asks to pause until `Connection.resume`. */
  onData(chunk: Buffer | undefined, isLast: boolean): boolean
  /** `wasSent` says that the request may have had an effect. */
  onBroken(err: Error, wasSent: boolean): void
}

export type Asked = { head: string; body: Buffer | undefined; isHead: boolean; isStreamed: boolean }

/** What a connection tells the pool that it belongs to. */
export type Pool = { onFree(connection: Connection): void; onGone(connection: Connection): void }

/** All connections read into this one: what is kept is copied out before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)
const none = Buffer.alloc(0)
const headBytesMax = 64 * 1024

/**
 * One kept HTTP/1.1 connection to a process that we started. Node's own client is built for every server on
 * earth and costs twice as much for each request; this one asks, reads an answer, and asks again.
 */
export class Connection {
  /** `performance.now()` of the last answer's end. */
  freeSince = 0
  readonly #socket: Socket
  readonly #pool: Pool
  #answering: Answering | undefined
  #isConnected = false
  #isSending = false
  #isHeadRequest = false
  #isKept = true
  /** A head that has not arrived whole. */
  #pending = none
  /** Undefined until it has been read. */
  #head: AnswerHead | undefined
  #chunks: ChunkedBody | undefined

  constructor(host: string, port: number, pool: Pool) {
    this.#pool = pool
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    })
    this.#socket.once('connect', () => (this.#isConnected = true))
    this.#socket.on('error', (err) => this.#break(err))
    this.#socket.once('end', () => this.#end())
    this.#socket.once('close', () => this.#break(new Error('the connection was closed')))
  }

  /** Sends the head, and the body where it is whole; a streamed one follows with `write` and `sent`. */
  ask(answering: Answering, { head, body, isHead, isStreamed }: Asked): void {
    this.#answering = answering
    this.#isHeadRequest = isHead
    this.#isSending = isStreamed
    if (body === undefined) return void this.#socket.write(head, 'latin1')
    const message = Buffer.allocUnsafe(head.length + body.length)
    message.write(head, 0, 'latin1')
    body.copy(message, head.length)
    this.#socket.write(message)
  }

  whenOpen(open: () => void): void {
    if (this.#isConnected) open()
    else this.#socket.once('connect', open)
  }

  /** False asks to wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    return this.#socket.write(chunk)
  }

  /** The streamed body is whole: the connection may be used again. */
  sent(): void {
    this.#isSending = false
  }

  onDrain(drained: () => void): void {
    this.#socket.once('drain', drained)
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends it without another word to who waits. */
  destroy(): void {
    this.#answering = undefined
    this.#socket.destroy()
  }

  #read(length: number): boolean {
    try {
      return this.#parse(readBuffer.subarray(0, length))
    } catch (err) {
      this.#break(err as Error)
      return true
    }
  }

  /** False where the receiver asks to pause. */
  #parse(bytes: Buffer): boolean {
    if (this.#head) return this.#readBody(this.#head, bytes, 0)
    if (!this.#answering) throw new Error('more was sent than was asked for')
    if (this.#pending.length > 0) bytes = Buffer.concat([this.#pending, bytes])
    this.#pending = none
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      if (bytes.length > headBytesMax) throw new Error('the head of the answer is too long')
      this.#pending = Buffer.from(bytes)
      return true
    }
    const head = parseAnswerHead(bytes.toString('latin1', 0, end))
    const bodyAt = end + 4
    // 103 Early Hints and the like: the answer itself is still to come.
    if (head.status < 200) return bodyAt === bytes.length || this.#parse(bytes.subarray(bodyAt))
    return this.#begin(head, bytes, bodyAt)
  }

  #begin(head: AnswerHead, bytes: Buffer, at: number): boolean {
    const { status, rawHeaders, framing, length } = head
    const isAlone = at === bytes.length
    const answering = this.#answering as Answering
    this.#isKept = head.isKept
    const isEmpty = framing === 'counted' && length === 0
    if (isEmpty || this.#isHeadRequest || status === 204 || status === 304) {
      if (!isAlone) this.#isKept = false
      answering.onHead(status, rawHeaders, false)
      this.#finish(undefined)
      return true
    }
    this.#head = head
    if (framing === 'chunked') this.#chunks = new ChunkedBody()
    answering.onHead(status, rawHeaders, isAlone)
    return isAlone || this.#readBody(head, bytes, at)
  }

  #readBody(head: AnswerHead, bytes: Buffer, at: number): boolean {
    const answering = this.#answering as Answering
    if (this.#chunks) return this.#readChunks(this.#chunks, bytes, at)
    const rest = bytes.length - at
    if (head.framing === 'until close' || rest < head.length) {
      head.length -= rest
      return answering.onData(Buffer.from(bytes.subarray(at)), false)
    }
    if (rest > head.length) this.#isKept = false
    this.#finish(Buffer.from(bytes.subarray(at, at + head.length)))
    return true
  }

  #readChunks(chunks: ChunkedBody, bytes: Buffer, at: number): boolean {
    const answering = this.#answering as Answering
    let goesOn = true
    const end = chunks.read(bytes, at, (from, to) => {
      goesOn = answering.onData(Buffer.from(bytes.subarray(from, to)), false)
    })
    if (end < 0) return goesOn
    if (end < bytes.length) this.#isKept = false
    this.#finish(undefined)
    return true
  }

  #finish(last: Buffer | undefined): void {
    const answering = this.#answering as Answering
    this.#answering = undefined
    this.#head = undefined
    this.#chunks = undefined
    if (this.#isKept && !this.#isSending) this.#pool.onFree(this)
    else this.#socket.destroy()
    answering.onData(last, true)
  }

  #end(): void {
    if (this.#head?.framing !== 'until close')
      return this.#break(new Error('the connection was closed'))
    this.#isKept = false
    this.#finish(undefined)
  }

  #break(err: Error): void {
    const answering = this.#answering
    this.#answering = undefined
    this.#socket.destroy()
    this.#pool.onGone(this)
    answering?.onBroken(err, this.#isConnected)
  }
}
