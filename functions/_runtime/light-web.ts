import { Readable } from 'node:stream'
import { LightHeaders } from './light-headers.ts'

/*
 * Node's own `Request`, `Response` and `Headers` come with its whole HTTP client, which takes 22 ms and 12 MiB to load:
 * a third of an empty process's start. Hono and its adapter need no more of them than this. What a server has no use
 * for (forms, blobs, caching and redirect modes) is not there; `fetch` and what it answers stay Node's.
 */

type Content = string | Uint8Array<ArrayBuffer> | ArrayBuffer | ReadableStream<Uint8Array> | null

abstract class LightBody {
  #content: Exclude<Content, ArrayBuffer>
  #stream: ReadableStream<Uint8Array> | undefined
  #isRead = false

  constructor(content: Content = null) {
    this.#content = content instanceof ArrayBuffer ? new Uint8Array(content) : content
    if (content instanceof ReadableStream) this.#stream = content
    else if (content !== null && typeof content !== 'string' && !ArrayBuffer.isView(this.#content))
      throw new TypeError('a body is text, bytes or a stream')
  }

  get body(): ReadableStream<Uint8Array> | null {
    const content = this.#content
    if (content === null) return null
    return (this.#stream ??= streamOf(bytesOf(content as string)))
  }

  get bodyUsed(): boolean {
    return (
      this.#isRead || (this.#stream !== undefined && Readable.isDisturbed(this.#stream as never))
    )
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.bodyUsed || this.#stream?.locked) throw new TypeError('Body is unusable')
    this.#isRead = this.#content !== null
    if (!this.#stream) return bytesOf(this.#content as string)
    return Buffer.concat(await Array.fromAsync(this.#stream))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.bytes()).buffer
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  /** The content for a copy. What streams is read by both from now on. */
  protected share(): Content {
    if (this.bodyUsed || this.#stream?.locked) throw new TypeError('Body is unusable')
    if (!this.#stream) return this.#content
    const [mine, others] = this.#stream.tee()
    this.#content = this.#stream = mine
    return others
  }
}

function bytesOf(content: string | Uint8Array<ArrayBuffer> | null): Uint8Array<ArrayBuffer> {
  return typeof content === 'string' ? Buffer.from(content) : (content ?? new Uint8Array())
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })

type HeadersInit = ConstructorParameters<typeof LightHeaders>[0]
type RequestInit = { method?: string; headers?: HeadersInit; body?: Content; signal?: AbortSignal }

export class LightRequest extends LightBody {
  readonly url: string
  readonly method: string
  readonly headers: LightHeaders
  readonly signal: AbortSignal

  constructor(input: string | URL | LightRequest, init: RequestInit = {}) {
    const given = input instanceof LightRequest ? input : undefined
    super(init.body ?? given?.share() ?? null)
    this.url = given?.url ?? new URL(input).href
    this.method = init.method?.toUpperCase() ?? given?.method ?? 'GET'
    this.headers = new LightHeaders(init.headers ?? given?.headers)
    this.signal = init.signal ?? given?.signal ?? new AbortController().signal
    addType(this.headers, init.body)
  }

  clone(): LightRequest {
    return new LightRequest(this)
  }
}

type ResponseInit = { status?: number; statusText?: string; headers?: HeadersInit }

const withoutBody = new Set([101, 204, 205, 304])

export class LightResponse extends LightBody {
  readonly status: number
  readonly statusText: string
  readonly headers: LightHeaders

  constructor(body?: Content, { status = 200, statusText = '', headers }: ResponseInit = {}) {
    if (!(Number.isInteger(status) && status >= 200 && status <= 599))
      throw new RangeError(`a response has no status ${status}`)
    if (body != null && withoutBody.has(status))
      throw new TypeError(`a response with status ${status} has no body`)
    super(body)
    this.status = status
    this.statusText = statusText
    this.headers = new LightHeaders(headers)
    addType(this.headers, body)
  }

  get ok(): boolean {
    return this.status < 300
  }

  clone(): LightResponse {
    return new LightResponse(this.share(), this)
  }
}

function addType(headers: LightHeaders, body: Content | undefined): void {
  if (typeof body === 'string' && !headers.has('content-type'))
    headers.append('content-type', 'text/plain;charset=UTF-8')
}
