import { Agent, request } from 'node:http'
import type { FunctionName } from '../../../contracts/functions.ts'
import { until as soon, type Market } from '../market.ts'

export type Asked = {
  method: string
  path: string
  headers: Record<string, string>
  body?: unknown
}
export type Answer = { status: number; headers: Record<string, unknown>; text: string; body: any }

/** Asks again where everybody is busy: how much the machine has to do is not what is asked here. */
export async function patiently<A extends { status: number }>(ask: () => Promise<A>): Promise<A> {
  for (let tries = 1; ; tries++) {
    const answer = await ask()
    if (answer.status !== 503 || tries === 20) return answer
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** What has to come true before anything can be tried, however busy the machine is. */
export const until = (what: string, condition: () => Promise<boolean>) =>
  soon(what, condition, 90_000)

/** Asks one host at an address, which fetch cannot. Of a stream only the head is read. */
export function openDoor(url: string, host: string) {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })

  const askOnce = ({ method, path, headers, body }: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const outgoing = request({
        hostname,
        port,
        agent,
        method,
        path,
        timeout: 60_000,
        headers: {
          host,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      })
      outgoing.on('response', (incoming) => {
        const type = incoming.headers['content-type'] ?? ''
        const answer = { status: incoming.statusCode ?? 0, headers: incoming.headers }
        if (type.startsWith('text/event-stream')) {
          resolve({ ...answer, text: '', body: undefined })
          return void incoming.destroy()
        }
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('end', () => {
          const said = Buffer.concat(chunks).toString()
          const isJson = type.includes('json') && said !== ''
          resolve({ ...answer, text: said, body: isJson ? JSON.parse(said) : undefined })
        })
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)))
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  const ask = (asked: Asked) => patiently(() => askOnce(asked))
  return { ask, close: () => agent.destroy() }
}

export type Door = ReturnType<typeof openDoor>

/** Past the gateway, as a function asks another. */
export const insideHost = (name: FunctionName) => `${name}.boxoffice.svc.cluster.local`

/** Asks a function once. */
export async function askInside(market: Market, name: FunctionName, asked: Asked): Promise<Answer> {
  const door = openDoor(market.url, insideHost(name))
  try {
    return await door.ask(asked)
  } finally {
    door.close()
  }
}
