import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TakeMember } from '../../functions/_runtime/receive.ts'

const batchType = 'application/cloudevents-batch+json'
/** More than 64 events of the size that the Broker puts into one. */
const batchBytesMax = 8 * 1024 * 1024

export const isBatch = ({ method, url, headers }: IncomingMessage): boolean =>
  method === 'POST' && url === '/' && headers['content-type'] === batchType

/**
 * Takes the events that the Broker of the same machine gives together, each as if it had come alone, and answers a
 * list of what each of them would have been answered. One that is refused or fails is so alone.
 */
export async function takeBatch(
  take: TakeMember,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const members = await readList(incoming).catch(() => undefined)
  if (!members) return void outgoing.writeHead(400, { 'content-length': '0' }).end()
  const answers = Buffer.from(JSON.stringify(await Promise.all(members.map(take))))
  const head = { 'content-type': 'application/json', 'content-length': answers.length }
  outgoing.writeHead(200, head).end(answers)
}

/** Rejects what is too long or no list. */
async function readList(incoming: IncomingMessage): Promise<unknown[]> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > batchBytesMax) throw new Error('a batch is too long')
    chunks.push(chunk)
  }
  const members = JSON.parse(Buffer.concat(chunks).toString()) as unknown
  if (!Array.isArray(members)) throw new Error('a batch is a list')
  return members
}
