type Init = Iterable<readonly [string, string]> | Record<string, string>

/**
 * The Fetch standard's `Headers` as far as a server needs it. An iterator gives what there was when it was asked for,
 * where the standard's would follow later changes.
 */
export class LightHeaders {
  /** By lower-case name; only `set-cookie` keeps more than one. */
  readonly #values = new Map<string, string[]>()

  constructor(init?: Init) {
    if (init === undefined) return
    if (init === null || typeof init !== 'object') throw new TypeError('headers are pairs')
    const pairs = Symbol.iterator in init ? init : Object.entries(init)
    for (const pair of pairs as Iterable<readonly string[]>) {
      const [name, value, ...more] = pair
      if (name === undefined || value === undefined || more.length > 0)
        throw new TypeError('a header is a name and a value')
      this.append(name, value)
    }
  }

  append(name: string, value: string): void {
    const key = keyOf(name)
    const text = textOf(value)
    const known = this.#values.get(key)
    if (!known) this.#values.set(key, [text])
    else if (key === 'set-cookie') known.push(text)
    else known[0] += (key === 'cookie' ? '; ' : ', ') + text
  }

  set(name: string, value: string): void {
    this.#values.set(keyOf(name), [textOf(value)])
  }

  delete(name: string): void {
    this.#values.delete(keyOf(name))
  }

  get(name: string): string | null {
    return this.#values.get(keyOf(name))?.join(', ') ?? null
  }

  has(name: string): boolean {
    return this.#values.has(keyOf(name))
  }

  getSetCookie(): string[] {
    return [...(this.#values.get('set-cookie') ?? [])]
  }

  /** By name; each cookie that is set on its own. */
  entries(): ArrayIterator<[string, string]> {
    const names = [...this.#values.keys()].toSorted()
    return names
      .flatMap((name) =>
        (this.#values.get(name) ?? []).map((value): [string, string] => [name, value]),
      )
      .values()
  }

  keys(): IteratorObject<string> {
    return this.entries().map(([name]) => name)
  }

  values(): IteratorObject<string> {
    return this.entries().map(([, value]) => value)
  }

  forEach(visit: (value: string, name: string, all: this) => void, self?: unknown): void {
    for (const [name, value] of this) visit.call(self, value, name, this)
  }

  [Symbol.iterator](): ArrayIterator<[string, string]> {
    return this.entries()
  }

  get [Symbol.toStringTag](): string {
    return 'Headers'
  }
}

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const around = /^[\t\n\r ]+|[\t\n\r ]+$/g
// oxlint-disable-next-line no-control-regex -- they are what it is about
const unfit = /[\0\r\n]|[^\0-\xff]/

function keyOf(name: string): string {
  if (!token.test(name)) throw new TypeError(`Invalid header name: ${name}`)
  return name.toLowerCase()
}

function textOf(value: string | number): string {
  const text = String(value).replaceAll(around, '')
  if (unfit.test(text)) throw new TypeError('Invalid header value')
  return text
}
