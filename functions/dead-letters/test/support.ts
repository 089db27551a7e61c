import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, type Answer } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'

/** Dead letters on a database of their own, and a server that stands for every function and for the Broker. */
export async function openDeadLetters(more: Record<string, string> = {}) {
  const taker = await openTaker()
  const env = {
    ...(await testEnv('dead-letters', migrations)),
    INGRESS_ADDRESS: taker.address,
    BROKER_URL: `http://${taker.address}/boxoffice/default`,
    ...more,
  }
  const first = openInstance(env)
  const adminId = newId()
  const admin = await first.as(adminId, ['admin'])
  return {
    ...first,
    env,
    taker,
    adminId,
    admin,
    /** The only dead letter of an event, whole. */
    async kept(eventId: string) {
      const { body } = await admin('GET', '/v1/dead-letters?size=100')
      const own = body.items.filter(({ event }: any) => event.id === eventId)
      if (own.length !== 1) throw new Error(`${own.length} dead letters of ${eventId}`)
      return (await admin('GET', `/v1/dead-letters/${own[0].id}`)).body
    },
    async close() {
      await first.close()
      await taker.close()
      await endTesting()
    },
  }
}

export type DeadLetters = Awaited<ReturnType<typeof openDeadLetters>>

/** One instance of the function; several may stand on one database. */
export function openInstance(env: Record<string, string>) {
  const config = readConfig(env)
  const runtime = createRuntime('dead-letters', config, async () => entities)
  const deps = createDeps(runtime, config)
  const app = createApp(deps)
  return {
    deps,
    ...asking(app, 'dead-letters'),
    /** Delivers bytes as they are; `headers` says what they are. */
    post: async (headers: Record<string, string>, body: Buffer | string) => {
      const response = await app.request('/', {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
      const text = await response.text()
      const code = text === '' ? undefined : JSON.parse(text).code
      return { status: response.status, text, code }
    },
    async close() {
      deps.sender.close()
      await runtime.close()
    },
  }
}

export const urlOf = (name: string) => `http://${name}.boxoffice.svc.cluster.local`

/** The headers of a dead letter, as Knative writes them. Undefined takes one away. */
export function deadHeaders(more: Record<string, string | undefined> = {}) {
  const headers: Record<string, string | undefined> = {
    'ce-specversion': '1.0',
    'ce-id': newId(),
    'ce-source': '/functions/orders',
    'ce-type': 'dev.boxoffice.order.confirmed.v1',
    'ce-subject': newId(),
    'ce-correlationid': 'correlation-7',
    'ce-sig': 'a signature',
    'ce-knativearrivaltime': '2026-11-20T10:00:00.123Z',
    'ce-knativebrokerttl': '255',
    'ce-knativeerrordest': urlOf('tickets'),
    'ce-knativeerrorcode': '400',
    'ce-knativeerrordata': Buffer.from('{"code":"invalid-event"}').toString('base64'),
    'content-type': 'application/json',
    ...more,
  }
  return Object.fromEntries(
    Object.entries(headers).filter((one): one is [string, string] => one[1] !== undefined),
  )
}

export type Taken = { url: string; headers: IncomingHttpHeaders; body: Buffer }

type How = { status: number; body: string; waitMs: number; meanwhile: () => Promise<void> }

async function answer(outgoing: ServerResponse, { status, body, waitMs, meanwhile }: How) {
  await meanwhile()
  setTimeout(() => outgoing.writeHead(status).end(body), waitMs)
}

const atOnce: How = { status: 204, body: '', waitMs: 0, meanwhile: async () => {} }

/** Takes whatever is sent to any function or to the Broker, and answers as it is told. */
async function openTaker() {
  const taken: Taken[] = []
  const how = { ...atOnce }
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { url = '', headers } = incoming
      taken.push({ url, headers, body: Buffer.concat(chunks) })
      void answer(outgoing, how)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    /** Forgets what it took, and answers so from here on. */
    answers(more: Partial<How> = {}) {
      taken.length = 0
      Object.assign(how, atOnce, more)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Delivers as the Broker does: again, where it is answered that it may succeed later. */
export async function untilTaken(deliver: () => Promise<Pick<Answer, 'status'>>): Promise<void> {
  for (let attempt = 0; attempt <= 10; attempt++) {
    const { status } = await deliver()
    if (status === 204) return
    if (status < 500) throw new Error(`refused with ${status}`)
  }
  throw new Error('it was never taken')
}

export { look } from '../../_runtime/testing/ask.ts'
