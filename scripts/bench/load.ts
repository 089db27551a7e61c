import { randomUUID } from 'node:crypto'
import { Call, type Receiving, type Request } from '../../compose/emulator/serving/call.ts'
import { createFixed } from '../../compose/emulator/serving/fixed.ts'

export type Ask = {
  method: 'GET' | 'POST'
  path: string
  body?: string
  headers?: Record<string, string>
}

/** What the load generator is told over IPC, and what it answers. */
export type Load = {
  url: string
  /** It begins no other request afterwards. */
  seconds: number
  clients: number
  /** The n-th request is the n-th one's, and so on from the first. */
  tokens: string[]
  asks: Ask[]
  /** Begins anew when all was asked for, until the time is over. */
  isRepeated?: boolean
  /**
   * Each client asks once in so many ms, whether or not the last answer was quick; the time is taken from when the
   * request was due, so that those which a slow answer kept waiting count as slow. Without it they ask at once.
   */
  paceMs?: number
  /** Ends each hold that was placed, before the next. */
  isReleasing?: boolean
}
export type Loaded = {
  /** By status; 0 is a connection that broke, or no answer within 30 s. */
  latenciesMs: Record<number, number[]>
  releasesMs: number[]
  elapsedMs: number
  isExhausted: boolean
}

/** A process of its own, so that it takes no time from what it measures but its share of the cores. */
process.once(
  'message',
  (load: Load) => void run(load).then((loaded) => process.send?.(loaded, () => process.exit(0))),
)
process.once('disconnect', () => process.exit(1))

async function run(load: Load): Promise<Loaded> {
  const { seconds, clients, tokens, asks, isRepeated = false, paceMs = 0 } = load
  const ask = asker(load)
  const loaded: Loaded = { latenciesMs: {}, releasesMs: [], elapsedMs: 0, isExhausted: false }
  const start = performance.now()
  const end = start + seconds * 1000
  let next = 0

  async function client(_: unknown, number: number): Promise<void> {
    for (let turn = 0; performance.now() < end; turn++) {
      if (next >= asks.length && isRepeated) next = 0
      const wanted = asks[next]
      if (!wanted) return void (loaded.isExhausted = true)
      const token = tokens[next++ % tokens.length]
      const due = start + paceMs * (turn + number / clients)
      if (paceMs > 0) await until(due)
      const began = paceMs > 0 ? due : performance.now()
      const { status, text } = await ask(wanted, token)
      ;(loaded.latenciesMs[status] ??= []).push(performance.now() - began)
      if (load.isReleasing && status === 201) await release(text, token)
    }
  }

  async function release(hold: string, token: string | undefined): Promise<void> {
    const began = performance.now()
    const { holdId } = JSON.parse(hold) as { holdId: string }
    const body = JSON.stringify({ holdId })
    const { status } = await ask({ method: 'POST', path: '/v1/seats/release', body }, token)
    if (status !== 204) throw new Error(`a release was answered ${status}`)
    loaded.releasesMs.push(performance.now() - began)
  }

  await Promise.all(Array.from({ length: clients }, client))
  loaded.elapsedMs = performance.now() - start
  return loaded
}

const until = (at: number) =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())))

/**
 * Asks with the emulator's client, which takes a third of the processor that Node's does: what the load takes of the
 * cores is missing from what it measures.
 */
function asker({ url, isReleasing }: Load) {
  const { hostname, port, host } = new URL(url)
  const backend = createFixed(host, { host: hostname, port: Number(port), timeoutMs: answerMsMax })
  return (wanted: Ask, token: string | undefined) =>
    new Promise<{ status: number; text: string }>((resolve) => {
      const answer = new Answer(isReleasing ?? false, resolve)
      new Call(backend, toRequest(wanted, host, token), answer, answerMsMax).start()
    })
}

const answerMsMax = 30_000

function toRequest({ method, path, body, headers }: Ask, host: string, token?: string): Request {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`]
  if (token !== undefined) lines.push(`authorization: Bearer ${token}`)
  if (bytes)
    lines.push(
      'content-type: application/json',
      `content-length: ${bytes.length}`,
      `idempotency-key: ${randomUUID()}`,
    )
  for (const name in headers) lines.push(`${name}: ${headers[name]}`)
  const head = `${lines.join('\r\n')}\r\n\r\n`
  return { head, body: bytes, source: undefined, isChunked: false, isHead: false }
}

class Answer implements Receiving {
  readonly #isRead: boolean
  readonly #resolve: (answer: { status: number; text: string }) => void
  #status = 0
  #text = ''

  constructor(isRead: boolean, resolve: (answer: { status: number; text: string }) => void) {
    this.#isRead = isRead
    this.#resolve = resolve
  }

  onHead(status: number): void {
    this.#status = status
  }

  onData(chunk: Buffer | undefined, isLast: boolean): boolean {
    if (this.#isRead && chunk) this.#text += chunk.toString()
    if (isLast) this.#resolve({ status: this.#status, text: this.#text })
    return true
  }

  onFailed(): void {
    this.#resolve({ status: 0, text: this.#text })
  }
}
