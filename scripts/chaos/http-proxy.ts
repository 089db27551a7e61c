import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What happens to one request. `refuse`: 500, and it never arrives. It waits `lateMs`, arrives `times` times, and
 * its answer is passed on (`answer`), turned into 500 (`break`), or never comes (`none`).
 */
export type Plan =
  | { refuse: true }
  | { refuse: false; lateMs: number; times: number; ending: 'answer' | 'break' | 'none' }

export const asItIs: Plan = { refuse: false, lateMs: 0, times: 1, ending: 'answer' }

export type HttpProxy = { port: number; close(): Promise<void> }

export type HttpProxyOptions = {
  target: () => number
  plan: (request: { method: string; path: string; key: string }) => Plan
}

const waitMsMax = 20_000

/** Stands before somebody who is not ours, such as a payment provider, and has him behave badly. */
export async function openHttpProxy({ target, plan }: HttpProxyOptions): Promise<HttpProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method = 'GET', url: path = '/', headers } = incoming
    const what = plan({ method, path, key: String(headers['idempotency-key'] ?? '') })
    if (what.refuse) return answer(outgoing, 500, '{"error":"it broke before"}')
    if (what.lateMs > 0) await new Promise((resolve) => setTimeout(resolve, what.lateMs))
    const options = { agent, host: '127.0.0.1', port: target(), method, path, headers }
    const answers = await Promise.all(
      Array.from({ length: what.times }, () => exchange(options, body)),
    )
    if (what.ending === 'none') return
    const [first] = answers
    if (what.ending === 'break' || !first)
      return answer(outgoing, 500, '{"error":"it broke after"}')
    answer(outgoing, first.status, first.text)
  }

  const server = createServer((incoming, outgoing) => {
    // Whoever asked may be gone by then.
    outgoing.on('error', () => {})
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  if (outgoing.destroyed) return
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

type Exchanged = { status: number; text: string }

/** Undefined where there was no answer. */
function exchange(options: RequestOptions, body: Buffer): Promise<Exchanged | undefined> {
  return new Promise((resolve) => {
    const onward = request(options, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', () => resolve(undefined))
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 500, text: Buffer.concat(chunks).toString() }),
      )
    })
    onward.setTimeout(waitMsMax, () => onward.destroy())
    onward.on('error', () => resolve(undefined))
    onward.end(body)
  })
}
