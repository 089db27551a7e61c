import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'
import { correlationHeader, current, deadlineHeader } from '../_runtime/context.ts'
import { deliveryHeaders, type DeadEvent } from './cloud-event.ts'
import type { Ended } from './store/replays.ts'

export type Sender = {
  /** Delivers an event once, to a function of ours or to the Broker. Never throws: what came of it is the result. */
  send(event: DeadEvent, to: FunctionName | 'broker', timeoutMs: number): Promise<Ended>
  close(): void
}

export type SenderOptions = {
  namespace: string
  /** `host:port`; without one, names of functions resolve by themselves. */
  ingressAddress: string | undefined
  /** `name=host:port,…` */
  addresses: string
  brokerUrl: string
}

/** As much of an answer as the Broker keeps. */
const answerBytesMax = 768

export function createSender(options: SenderOptions): Sender {
  const { namespace, ingressAddress, addresses, brokerUrl } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 16, timeout: 60_000 })
  const direct = new Map(addresses.split(',').map((one) => one.split('=') as [string, string]))

  function placeOf(to: FunctionName | 'broker'): RequestOptions & { hostHeader: string } {
    if (to === 'broker') {
      const { hostname, port, host, pathname, search } = new URL(brokerUrl)
      return { hostHeader: host, host: hostname, port: port || '80', path: pathname + search }
    }
    const hostHeader = `${to}.${namespace}.svc.cluster.local`
    const [host = hostHeader, port = '80'] = (direct.get(to) ?? ingressAddress)?.split(':') ?? []
    return { hostHeader, host, port, path: '/' }
  }

  return {
    send(event, to, timeoutMs) {
      const { hostHeader, ...place } = placeOf(to)
      const headers = {
        ...deliveryHeaders(event),
        host: hostHeader,
        'content-length': String(event.data.length),
        [correlationHeader]: current().correlationId,
        [deadlineHeader]: String(Math.floor(timeoutMs)),
      }
      const sending = { ...place, agent, method: 'POST', headers }
      return exchange(sending, event.data, timeoutMs)
    },
    close: () => agent.destroy(),
  }
}

function exchange(options: RequestOptions, body: Buffer, timeoutMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    let sent = false
    const end = (ended: Ended) => {
      clearTimeout(timer)
      resolve(ended)
    }
    const timer = setTimeout(() => outgoing?.destroy(new Error('no answer in time')), timeoutMs)
    const outgoing = begin(options, end)
    outgoing?.on('response', (incoming) => void readAnswer(incoming).then(end))
    outgoing?.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (sent = true))
      else sent = true
    })
    outgoing?.on('error', (err) =>
      end({
        outcome: sent ? 'UNKNOWN' : 'UNREACHED',
        code: null,
        answer: null,
        detail: err.message,
      }),
    )
    outgoing?.end(body)
  })
}

/** Node refuses a header that HTTP cannot carry; such an event goes nowhere. */
function begin(options: RequestOptions, end: (ended: Ended) => void) {
  try {
    return request(options)
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err)
    const detail = `its attributes cannot be sent as headers: ${why}`
    end({ outcome: 'UNREACHED', code: null, answer: null, detail })
    return undefined
  }
}

/** The status decides; of the body only the beginning is kept, also where the rest never comes. */
function readAnswer(incoming: IncomingMessage): Promise<Ended> {
  const { statusCode: code = 0 } = incoming
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve) => {
    incoming.on('data', (chunk: Buffer) => {
      if (size < answerBytesMax) chunks.push(chunk)
      size += chunk.length
    })
    incoming.on('error', () => {})
    incoming.on('close', () => {
      const answer = Buffer.concat(chunks).subarray(0, answerBytesMax)
      const outcome = outcomeOf(code)
      const detail = outcome === 'TAKEN' ? null : readable(answer)
      resolve({ outcome, code, answer, detail })
    })
  })
}

/** 502 and 504 are what a proxy says where the function itself did not answer. */
function outcomeOf(code: number): Ended['outcome'] {
  if (code === 502 || code === 504) return 'UNKNOWN'
  return code >= 200 && code < 300 ? 'TAKEN' : 'REFUSED'
}

/** Bytes as a text that Postgres keeps; what is no UTF-8 shows as such. */
const readable = (bytes: Buffer): string => bytes.toString().replaceAll('\0', '\ufffd')
