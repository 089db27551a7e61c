import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a subscriber answers at one step; the last one repeats. */
export type Step = {
  status?: number
  headers?: Record<string, string>
  body?: string
  delayMs?: number
}

export type Seen = {
  atMs: number
  headers: Record<string, string>
  body: string
}

export type Subscribers = {
  url: string
  /** What each has seen since `reset`, by the first segment of its path. */
  seen: Map<string, Seen[]>
  reset(answers: Record<string, Step[]>): void
  close(): Promise<void>
}

/** Headers that belong to the connection and not to the delivery. */
const transport = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'user-agent',
])

/** One server that plays every subscriber; who is meant stands in the path. Answers 202 unless it is told. */
export async function startSubscribers(): Promise<Subscribers> {
  const seen = new Map<string, Seen[]>()
  let answers: Record<string, Step[]> = {}
  const server = createServer((incoming, outgoing) => {
    const name = (incoming.url ?? '').split('/')[1] ?? ''
    const atMs = performance.now()
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      const headers = Object.entries(incoming.headers).filter(([header]) => !transport.has(header))
      const own = seen.get(name) ?? []
      const steps = answers[name] ?? []
      const step = steps[Math.min(own.length, steps.length - 1)] ?? {}
      seen.set(name, [...own, { atMs, headers: Object.fromEntries(headers) as never, body }])
      setTimeout(
        () => outgoing.writeHead(step.status ?? 202, step.headers).end(step.body),
        step.delayMs ?? 0,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    reset(next) {
      seen.clear()
      answers = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
