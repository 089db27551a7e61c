import { generateKeyPairSync } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { SignJWT, type JWTPayload } from 'jose'
import type { FunctionName } from '../../../contracts/functions.ts'
import { hotEventsKey } from '../../_runtime/admission.ts'
import { createEdge, jwksKey } from '../../_runtime/edge.ts'
import { createBoundedServer } from '../../_runtime/server.ts'
import { endTesting, testRedisUrl } from '../../_runtime/testing/services.ts'
import { eventKey, serviceKey, testJwks } from '../../_runtime/testing/tokens.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps } from '../deps.ts'

const ownKey = generateKeyPairSync('ed25519')
export const ownJwk = {
  ...ownKey.publicKey.export({ format: 'jwk' }),
  kid: 'own',
  alg: 'EdDSA',
  use: 'sig',
}

/** A token that a key which the gateway trusts has signed, whatever is in it. */
export const signed = (header: object, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: 'own', ...header })
    .sign(ownKey.privateKey)

export type Functions = Partial<Record<FunctionName, RequestListener>>

/** The environment of a gateway in front of real servers, one for each function given. */
export async function gatewayEnv(functions: Functions) {
  const redisUrl = await testRedisUrl()
  const redis = new Redis(redisUrl)
  const jwks = JSON.stringify({ keys: [...testJwks.keys, ownJwk] })
  await redis.set(jwksKey, jwks)
  await redis.set(hotEventsKey, JSON.stringify({ version: 0, events: [] }))
  await redis.quit()
  const servers = await Promise.all(
    Object.entries(functions).map(async ([name, listener]) => ({
      name,
      server: await listen(listener),
    })),
  )
  const env: Record<string, string> = {
    REDIS_URL: redisUrl,
    BROKER_URL: 'http://127.0.0.1:9/boxoffice/default',
    SERVICE_KEY: serviceKey,
    EVENT_KEY: eventKey,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
    // Functions of tests count what they are asked.
    WARM_FUNCTIONS: '',
    FUNCTION_ADDRESSES: servers
      .map(({ name, server }) => `${name}=127.0.0.1:${portOf(server)}`)
      .join(','),
  }
  return { env, jwks, servers, close: () => Promise.all(servers.map(({ server }) => shut(server))) }
}

/** A gateway in this process, in front of the functions given. */
export async function openGateway(functions: Functions, more: Record<string, string> = {}) {
  const behind = await gatewayEnv(functions)
  const config = readConfig({ ...behind.env, ...more })
  const deps = createDeps(createEdge('gateway', config), config)
  const server = await listen(createApp(deps))
  const port = portOf(server)
  return {
    deps,
    port,
    env: behind.env,
    jwks: behind.jwks,
    ask: (method: string, path: string, rest: RequestInit = {}) =>
      ask(`http://127.0.0.1:${port}${path}`, { method, ...rest }),
    async close() {
      await shut(server)
      await behind.close()
      await deps.close()
      await endTesting()
    },
  }
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>

export async function listen(listener: RequestListener, port = 0): Promise<Server> {
  const server = createBoundedServer(16 * 1024, listener)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port

export function shut(server: Server): Promise<unknown> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  return closed
}

/** An answer with its JSON where it has some. */
export async function ask(url: string, rest: RequestInit) {
  const response = await fetch(url, rest)
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  const body: any = isJson && text !== '' ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, text, body }
}

export type Seen = {
  method: string
  url: string
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: string
}

/** A function that says what it was sent, in JSON, and keeps it. */
export function mirror(): { listener: RequestListener; seen: Seen[] } {
  const seen: Seen[] = []
  const listener: RequestListener = (incoming, outgoing) => {
    const { method = '', url = '', headers, rawHeaders } = incoming
    let body = ''
    incoming.setEncoding('latin1')
    incoming.on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      seen.push({ method, url, headers, rawHeaders, body })
      outgoing.setHeader('content-type', 'application/json')
      outgoing.end(JSON.stringify({ method, url, headers, body }))
    })
  }
  return { listener, seen }
}

/** Sends bytes as they are and gives what comes back until the other side closes, or `ms` are over. */
export function sendRaw(port: number, text: string, ms = 2000): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    socket.setTimeout(ms, () => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

/** Waits until it is so, at most ten seconds. */
export async function until(isSo: () => boolean): Promise<boolean> {
  for (let i = 0; i < 2000 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  return isSo()
}
