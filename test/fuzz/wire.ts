import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Who } from './cases.ts'

/** A request as it goes out, header by header. */
export type Sent = {
  who: Who
  method: string
  target: string
  headers: [string, string][]
  body: string | undefined
}

export type Answer = { status: number; headers: Record<string, string>; text: string }

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const answerMsMax = 30_000

/** Sends exactly this. Of a stream only the head is read. A connection that breaks is status 0. */
export function send(url: string, sent: Sent, isStream = false): Promise<Answer> {
  const { port, host } = new URL(url)
  const { method, target, body } = sent
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const own = sent.headers.some(([name]) => name === 'host') ? [] : [['host', host]]
  const length = bytes ? [['content-length', String(bytes.length)]] : []
  return new Promise((fulfil) => {
    const broken = (err: Error) => fulfil({ status: 0, headers: {}, text: err.message })
    const headers = [...own, ...sent.headers, ...length].flat()
    const signal = AbortSignal.timeout(answerMsMax)
    const asked = request(
      { host: '127.0.0.1', port, method, path: target, headers, agent, signal },
      (incoming) => {
        const status = incoming.statusCode ?? 0
        const found = incoming.headers as Record<string, string>
        if (isStream && status === 200) {
          incoming.destroy()
          return fulfil({ status, headers: found, text: '' })
        }
        text(incoming).then((all) => fulfil({ status, headers: found, text: all }), broken)
      },
    )
    asked.on('error', broken)
    asked.end(bytes)
  })
}

/** The same request for a shell. */
export function curl(url: string, { method, target, headers, body }: Sent): string {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
  const lines = headers.map(
    ([name, value]) => `-H ${quote(value === '' ? `${name};` : `${name}: ${value}`)}`,
  )
  return [
    `curl -i -X ${method} ${quote(url + target)}`,
    ...lines,
    ...(body === undefined ? [] : [`--data-binary ${quote(body)}`]),
  ].join(' ')
}
