import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'

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

function asker({ url, clients, isReleasing }: Load) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const { hostname, port } = new URL(url)
  return ({ method, path, body, headers: more }: Ask, token: string | undefined) =>
    new Promise<{ status: number; text: string }>((resolve) => {
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
              'idempotency-key': randomUUID(),
            }),
        ...more,
      }
      const outgoing = request({ agent, hostname, port, path, method, headers }, (incoming) => {
        let text = ''
        if (isReleasing) incoming.setEncoding('utf8').on('data', (chunk) => (text += chunk))
        else incoming.resume()
        incoming.on('error', () => resolve({ status: 0, text }))
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
      })
      outgoing.setTimeout(30_000, () => outgoing.destroy())
      outgoing.on('error', () => resolve({ status: 0, text: '' }))
      outgoing.end(body)
    })
}
