/**
 * What apps use of Request, Response and Headers, and no more: Node's own are made for streams, and took a fifth of a
 * simulation's time.
 */
export class LightHeaders {
  readonly #values = new Map<string, string>()

  constructor(given: Iterable<readonly [string, string]> | Record<string, string> = {}) {
    const entries = Symbol.iterator in given ? given : Object.entries(given)
    for (const [name, value] of entries) this.set(name, value)
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value)
  }

  append(name: string, value: string): void {
    this.set(name, value)
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase())
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries()
  }

  forEach(work: (value: string, name: string) => void): void {
    this.#values.forEach(work)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries()
  }
}

type Given = { status?: number; headers?: LightHeaders | Record<string, string> }

export class LightResponse {
  readonly status: number
  readonly headers: LightHeaders
  readonly body: string

  constructor(body: string | null = null, { status = 200, headers }: Given = {}) {
    this.body = body ?? ''
    this.status = status
    this.headers = new LightHeaders(headers)
  }

  async text(): Promise<string> {
    return this.body
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.body) as unknown
  }

  clone(): LightResponse {
    return new LightResponse(this.body, this)
  }
}

export class LightRequest {
  readonly url: string
  readonly method: string
  readonly headers: LightHeaders
  readonly #body: Buffer

  constructor(
    url: string,
    {
      method,
      headers,
      body = '',
    }: { method: string; headers: Record<string, string>; body?: string | undefined },
  ) {
    this.url = url
    this.method = method
    this.#body = Buffer.from(body)
    this.headers = new LightHeaders(headers)
    this.headers.set('content-length', String(this.#body.length))
  }

  async arrayBuffer(): Promise<Buffer> {
    return this.#body
  }
}
