import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { keyOf } from '../manifests/eventing.ts'
import { InvalidEvent, readEvent, readHeaders, readMember, type CloudEvent } from './cloud-event.ts'

/** What is behind the door. */
export type Inside = {
  has(brokerKey: string): boolean
  /** Resolves once the event is stored. */
  publish(brokerKey: string, event: CloudEvent): Promise<void>
  takesBatches: boolean
}

const bodyBytesMax = 1024 * 1024
const batchBytesMax = 8 * bodyBytesMax
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
  const brokerKey = keyOf(parts[1] as string, parts[2] as string)
  if (inside.takesBatches && parts.length === 4 && parts[3] === 'batch')
    return readBody(incoming, batchBytesMax, (body) => {
      if (body === undefined) return end(413, { connection: 'close' })
      void answerBatch(body, outgoing, (event) => take(inside, brokerKey, event))
    })
  if (parts.length !== 3) return end(400)

  readBody(incoming, bodyBytesMax, async (body) => {
    if (body === undefined) return end(413, { connection: 'close' })
    const event = tryRead(() => readEvent(readHeaders(incoming.rawHeaders), body))
    const status = await take(inside, brokerKey, event)
    end(status, status === 503 ? { 'retry-after': '1' } : {})
  })
}

async function take(inside: Inside, brokerKey: string, event: CloudEvent | undefined) {
  if (event === undefined) return 400
  if (!inside.has(brokerKey)) return 404
  if (event.ttl <= 0) return 400
  return inside.publish(brokerKey, event).then(
    () => 202,
    () => 503,
  )
}

/** Each event of the batch has a status of its own, in their order. */
async function answerBatch(
  body: Buffer,
  outgoing: ServerResponse,
  takeOne: (event: CloudEvent | undefined) => Promise<number>,
): Promise<void> {
  const events = tryRead(() => readBatch(body))
  if (!events) return void outgoing.writeHead(400, { 'content-length': '0' }).end()
  const statuses = JSON.stringify(await Promise.all(events.map(takeOne)))
  const head = { 'content-type': 'application/json', 'content-length': statuses.length }
  outgoing.writeHead(200, head).end(statuses)
}

function readBatch(body: Buffer): (CloudEvent | undefined)[] {
  const members = JSON.parse(body.toString()) as unknown
  if (!Array.isArray(members)) throw new InvalidEvent('a batch is a list')
  return members.map((member) => tryRead(() => readMember(member)))
}

function tryRead<Read>(read: () => Read): Read | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof InvalidEvent || err instanceof SyntaxError) return undefined
    throw err
  }
}

/** Gives undefined, once, where the body is larger than the limit. */
function readBody(
  incoming: IncomingMessage,
  bytesMax: number,
  read: (body: Buffer | undefined) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  incoming.on('data', (chunk: Buffer) => {
    const before = length
    length += chunk.length
    if (length <= bytesMax) chunks.push(chunk)
    else if (before <= bytesMax) read(undefined)
  })
  incoming.on('end', () => {
    if (length <= bytesMax) read(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
}
