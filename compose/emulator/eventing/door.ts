import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { keyOf } from '../manifests/eventing.ts'
import { InvalidEvent, readEvent, readHeaders, type CloudEvent } from './cloud-event.ts'

/** What is behind the door. */
export type Inside = {
  has(brokerKey: string): boolean
  /** Resolves once the event is stored. */
  publish(brokerKey: string, event: CloudEvent): Promise<void>
}

const bodyBytesMax = 1024 * 1024
const allowed = { allow: 'POST, OPTIONS' }

/**
 * The Broker's HTTP side. It looks in the order in which Knative's ingress does (method, path, event, Broker)
 * and answers with the same codes; 413 and 503 are its own, for what is too large and for what cannot be stored.
 */
export function createDoor(inside: Inside): Server {
  return createServer({ keepAliveTimeout: 120_000, headersTimeout: 10_000 }, (incoming, outgoing) =>
    answer(incoming, outgoing, inside),
  )
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, inside: Inside): void {
  const end = (status: number, more: Record<string, string> = {}) =>
    void outgoing.writeHead(status, { ...allowed, ...more, 'content-length': '0' }).end()
  const { method, url = '/' } = incoming
  if (method === 'OPTIONS')
    return end(200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' })
  if (method !== 'POST') return end(405)
  if (url === '/') return end(404)
  const parts = url.replace(/\/$/, '').split('/')
  if (parts.length !== 3) return end(400)
  const brokerKey = keyOf(parts[1] as string, parts[2] as string)

  readBody(incoming, (body) => {
    if (body === undefined) return end(413, { connection: 'close' })
    const event = tryRead(incoming, body)
    if (event === undefined) return end(400)
    if (!inside.has(brokerKey)) return end(404)
    if (event.ttl <= 0) return end(400)
    inside.publish(brokerKey, event).then(
      () => end(202),
      () => end(503, { 'retry-after': '1' }),
    )
  })
}

function tryRead({ rawHeaders }: IncomingMessage, body: Buffer): CloudEvent | undefined {
  try {
    return readEvent(readHeaders(rawHeaders), body)
  } catch (err) {
    if (err instanceof InvalidEvent) return undefined
    throw err
  }
}

/** Gives undefined, once, where the body is larger than the limit. */
function readBody(incoming: IncomingMessage, read: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  incoming.on('data', (chunk: Buffer) => {
    const before = length
    length += chunk.length
    if (length <= bodyBytesMax) chunks.push(chunk)
    else if (before <= bodyBytesMax) read(undefined)
  })
  incoming.on('end', () => {
    if (length <= bodyBytesMax) read(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
}
