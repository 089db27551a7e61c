import { request, type Agent } from 'node:http'
import { remainingMs } from '../_runtime/context.ts'
import { codeOf } from '../_runtime/database.ts'
import { Problem } from '../_runtime/problem.ts'
import { ProviderFailed } from './provider.ts'

export type Exchange = {
  agent: Agent
  host: string
  port: string
  method: string
  path: string
  key: string | undefined
  body: object | undefined
  limitMs: number
}

export type Exchanged = { status: number; text: string }

const answerBytesMax = 64 * 1024
/** Left of the caller's time, to write down and to say what is not known. */
const spareMs = 150

/**
 * One request, within its time limit and that of the work at hand. The far end may close a connection in the
 * moment in which it is used again: then it is asked once more, which is safe because everything here is
 * idempotent by its key.
 */
export async function exchange(asked: Exchange): Promise<Exchanged> {
  const limitMs = Math.min(asked.limitMs, remainingMs(Infinity) - spareMs)
  if (limitMs <= 0) throw new Problem('time-limit', 'The time for this request is over')
  try {
    return await send(asked, limitMs)
  } catch (err) {
    if (!(err instanceof StaleConnection)) throw err
    return await send(asked, limitMs).catch((later: unknown) => {
      // Even where the second never left, the first may have arrived.
      throw new ProviderFailed('unknown', later)
    })
  }
}

class StaleConnection extends ProviderFailed {}

function send({ body, key, ...options }: Exchange, limitMs: number): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const text = body && JSON.stringify(body)
    const headers: Record<string, string> = {
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(text === undefined
        ? {}
        : {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(text)),
          }),
    }
    let isSent = false
    const outgoing = request({ ...options, headers }, (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > answerBytesMax) outgoing.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      incoming.on('error', fail)
      incoming.on('end', () => {
        clearTimeout(timer)
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
      })
    })
    const timer = setTimeout(() => outgoing.destroy(new Error('time limit')), limitMs)
    function fail(err: Error): void {
      clearTimeout(timer)
      const isStale = outgoing.reusedSocket && codeOf(err) === 'ECONNRESET'
      const Failed = isStale ? StaleConnection : ProviderFailed
      reject(new Failed(isSent ? 'unknown' : 'none', err))
    }
    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (isSent = true))
      else isSent = true
    })
    outgoing.on('error', fail)
    outgoing.end(text)
  })
}
