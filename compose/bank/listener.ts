import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refused, type Answer, type Api } from './api.ts'
import type { Book } from './book.ts'
import type { Ledger } from './ledger.ts'
import { decisionPage } from './page.ts'

export type ListenerParts = {
  api: Api
  book: Book
  ledger: Ledger
  closing: AbortSignal
  say: (line: string) => void
}

type Handler = (asked: {
  id: string
  query: URLSearchParams
  incoming: IncomingMessage
  outgoing: ServerResponse
}) => Promise<Answer | undefined>

/** The bank over HTTP: nothing is answered before the ledger has it. */
export function createListener(parts: ListenerParts) {
  const { ledger, closing, say } = parts
  const routes = createRoutes(parts)

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://bank')
    for (const [method, form, handler] of routes) {
      const match = incoming.method === method && form.exec(pathname)
      if (!match) continue
      const id = decode(match[1] ?? '')
      const given = await handler({ id, query, incoming, outgoing })
      if (!given) return
      const { status, body, afterMs = 0 } = given
      await ledger.written()
      if (afterMs === Infinity) return
      if (afterMs > 0) await sleep(afterMs, undefined, { signal: closing })
      return send(outgoing, status, body)
    }
    throw new Refused(404, 'there is no such route')
  }

  return (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    answer(incoming, outgoing).catch((err: unknown) => {
      if (closing.aborted || outgoing.headersSent) return void outgoing.destroy()
      if (!(err instanceof Refused)) say(`the bank failed: ${String(err)}`)
      const { status, message } = err instanceof Refused ? err : new Refused(500, 'it broke')
      send(outgoing, status, { error: message })
    })
  }
}

function createRoutes({ api, book, ledger }: ListenerParts): [string, RegExp, Handler][] {
  return [
    [
      'POST',
      /^\/charges$/,
      async ({ incoming }) => api.charge(keyOf(incoming), await readJson(incoming)),
    ],
    ['GET', /^\/charges\/([^/]+)$/, async ({ id }) => api.find(id)],
    ['POST', /^\/charges\/([^/]+)\/cancel$/, async ({ id }) => api.cancel(readKey(id))],
    [
      'POST',
      /^\/refunds$/,
      async ({ incoming }) => api.refund(keyOf(incoming), await readJson(incoming)),
    ],
    [
      'GET',
      /^\/3ds\/([^/]+)$/,
      async ({ id, outgoing }) => {
        const charge = book.chargeById(id)
        if (!charge) throw new Refused(404, 'there is no such charge')
        sendPage(outgoing, decisionPage(charge))
      },
    ],
    [
      'POST',
      /^\/3ds\/([^/]+)$/,
      async ({ id, incoming, outgoing }) => {
        const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form')
        const body = await readText(incoming)
        const approve = isForm ? new URLSearchParams(body).get('approve') : parse(body).approve
        if (!/^(true|false)$/.test(String(approve)))
          throw new Refused(400, 'approve is true or false')
        const answer = api.decide(id, String(approve) === 'true')
        if (!isForm) return answer
        await ledger.written()
        const charge = book.chargeById(id)
        if (charge) sendPage(outgoing, decisionPage(charge))
      },
    ],
    [
      'GET',
      /^\/ledger$/,
      async ({ query, outgoing }) => {
        await ledger.written()
        await sendLedger(ledger, Number(query.get('since') ?? 0), outgoing)
        return undefined
      },
    ],
    ['GET', /^\/health$/, async () => ({ status: 200, body: { status: 'ok' } })],
  ]
}

/** All entries as one JSON array, streamed: a long sale leaves a long ledger. */
async function sendLedger(ledger: Ledger, since: number, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'application/json' })
  let separator = '{"entries":[\n'
  for await (const line of ledger.lines(since)) {
    if (!outgoing.write(separator + line)) await drained(outgoing)
    separator = ',\n'
  }
  outgoing.end(separator.startsWith(',') ? '\n]}' : '{"entries":[]}')
}

const drained = (outgoing: ServerResponse) =>
  new Promise<void>((resolve) => {
    outgoing.once('drain', resolve)
    outgoing.once('close', resolve)
  })

function keyOf({ headers }: IncomingMessage): string {
  const given = headers['idempotency-key']
  if (typeof given !== 'string') throw new Refused(400, 'send an Idempotency-Key')
  return readKey(given.replace(/^"(.*)"$/, '$1'))
}

function readKey(key: string): string {
  if (/^[\w:.-]{1,255}$/.test(key)) return key
  throw new Refused(400, 'a key has up to 255 letters, digits and _:.-')
}

const bodyBytesMax = 64 * 1024

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytesMax) throw new Refused(413, `a body has ${bodyBytesMax} bytes at most`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const readJson = async (incoming: IncomingMessage) => parse(await readText(incoming))

function parse(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Told below: text that is not JSON, and JSON that is no object, are the same mistake.
  }
  throw new Refused(400, 'send a JSON object')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refused(400, 'the path is not percent-encoded')
  }
}

function send(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  outgoing.end(text)
}

function sendPage(outgoing: ServerResponse, page: string): void {
  outgoing.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  outgoing.end(page)
}
