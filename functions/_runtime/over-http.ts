import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'

/** A call that brought no answer. Whether it took effect is unknown, unless it never left. */
export class CallFailed extends Error {
  override name = 'CallFailed'
  readonly callee: FunctionName
  readonly effect: 'none' | 'unknown'

  constructor(callee: FunctionName, effect: 'none' | 'unknown', cause: unknown) {
    super(`${callee} did not answer`, { cause })
    this.callee = callee
    this.effect = effect
  }
}

export type Exchanged = { status: number; text: string }

/** One request and its answer, or CallFailed. */
export type Exchange = (
  callee: FunctionName,
  options: RequestOptions,
  body: string | undefined,
  timeoutMs: number,
) => Promise<Exchanged>

/** The one over a socket. */
export function overHttp(
  callee: FunctionName,
  options: RequestOptions,
  body: string | undefined,
  timeoutMs: number,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    let sent = false
    const fail = (err: unknown) => reject(new CallFailed(callee, sent ? 'unknown' : 'none', err))
    const outgoing = request(options, (incoming: IncomingMessage) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', fail)
      incoming.on('end', () => {
        clearTimeout(timer)
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
      })
    })
    const timer = setTimeout(() => outgoing.destroy(new Error('time limit')), timeoutMs)
    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (sent = true))
      else sent = true
    })
    outgoing.on('error', (err) => {
      clearTimeout(timer)
      fail(err)
    })
    outgoing.end(body)
  })
}
