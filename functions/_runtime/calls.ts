import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'
import { problems, type ProblemCode } from '../../contracts/problems.ts'
import type { Answer, Input, Route } from '../../contracts/route.ts'
import { BrokenCircuitError } from 'cockatiel'
import { createBreakers } from './breakers.ts'
import { correlationHeader, current, deadlineHeader, remainingMs } from './context.ts'
import type { Metrics } from './metrics.ts'
import { handOver, neighbours } from './neighbours.ts'
import { Problem } from './problem.ts'

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

type Given<R extends Route> = {
  [Part in keyof Input<R> as Input<R>[Part] extends undefined ? never : Part]: Input<R>[Part]
}

export type Called<R extends Route> = {
  [Status in keyof R['answers'] & number]: { status: Status; body: Answer<R, Status> }
}[keyof R['answers'] & number]

export type Calls = {
  /**
   * Calls a route of another function and waits at most 10 s, less where the work at hand ends earlier. What
   * the other refuses is thrown as its Problem; no answer, and not being let in, is thrown as CallFailed. Routes
   * between functions are idempotent by their ids, so a call that brought no answer is made again, at most three times in all.
   */
  <R extends Route>(route: R, given: Given<R>): Promise<Called<R>>
}

export type CallsOptions = {
  namespace: string
  ingressAddress: string | undefined
  /** `name=host:port,…` */
  addresses: string
  tokenFor: (callee: FunctionName) => Promise<string>
  metrics: Metrics
  /** The simulation's own in place of HTTP. Rejects with CallFailed. */
  exchange?: Exchange
}

export type Exchanged = { status: number; text: string }

/** One request and its answer, or CallFailed. */
export type Exchange = (
  callee: FunctionName,
  options: RequestOptions,
  body: string | undefined,
  timeoutMs: number,
) => Promise<Exchanged>

const callMsMax = 10_000
const attemptsMax = 3

export function createCalls({
  namespace,
  ingressAddress,
  addresses,
  tokenFor,
  metrics,
  exchange = overHttp,
}: CallsOptions): Calls & { close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64, timeout: 15_000 })
  const direct = new Map(addresses.split(',').map((one) => one.split('=') as [string, string]))
  const breakers = createBreakers<FunctionName>((err) => err instanceof CallFailed)

  const call = async (route: Route, given: Partial<Input<Route>>) => {
    const { owner: callee } = route
    for (let attempt = 1; ; attempt++) {
      try {
        return await breakers.execute(callee, () => send(route, given))
      } catch (thrown) {
        const err =
          thrown instanceof BrokenCircuitError ? new CallFailed(callee, 'none', thrown) : thrown
        if (!(err instanceof CallFailed)) throw err
        metrics.callsFailed.inc({ callee, reason: err.effect })
        const waitMs = Math.random() * 100 * 2 ** attempt
        if (attempt === attemptsMax || remainingMs(callMsMax) < waitMs + 50) throw err
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
    }
  }

  async function send(route: Route, given: Partial<Input<Route>>) {
    const timeoutMs = Math.floor(remainingMs(callMsMax))
    if (timeoutMs <= 0) throw new Problem('time-limit', 'The time for this request is over')
    const host = `${route.owner}.${namespace}.svc.cluster.local`
    const address = direct.get(route.owner) ?? ingressAddress
    const [connectTo = host, port = '80'] = address?.split(':') ?? []
    const body = given.body === undefined ? undefined : JSON.stringify(given.body)
    const { correlationId, traceparent } = current()
    const headers: Record<string, string> = {
      host,
      authorization: `Bearer ${await tokenFor(route.owner)}`,
      [correlationHeader]: correlationId,
      [deadlineHeader]: String(timeoutMs),
      ...(given.headers as Record<string, string> | undefined),
    }
    if (traceparent) headers.traceparent = traceparent
    if (body !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = String(Buffer.byteLength(body))
    }
    const path = pathOf(route, given)
    const neighbour = neighbours.get(route.owner)
    if (neighbour) {
      const asked = { url: `http://${host}${path}`, method: route.method, headers, body, timeoutMs }
      const answer = await handOver(neighbour, asked).catch((err: unknown) => {
        throw new CallFailed(route.owner, 'unknown', err)
      })
      return interpret(route, answer)
    }
    const options: RequestOptions = {
      agent,
      host: connectTo,
      port,
      path,
      method: route.method,
      headers,
    }
    return interpret(route, await exchange(route.owner, options, body, timeoutMs))
  }

  return Object.assign(call as unknown as Calls, { close: () => agent.destroy() })
}

function pathOf(route: Route, given: Partial<Input<Route>>): string {
  const params = (given.params ?? {}) as Record<string, string>
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const query = new URLSearchParams(given.query as Record<string, string> | undefined).toString()
  return query === '' ? path : `${path}?${query}`
}

function overHttp(
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

const notLetIn: ReadonlySet<ProblemCode> = new Set(['not-signed-in', 'forbidden', 'token-revoked'])

function interpret(route: Route, { status, text }: Exchanged): { status: number; body: unknown } {
  if (status >= 200 && status < 300)
    return { status, body: text === '' ? undefined : JSON.parse(text) }
  const problem = readProblem(text)
  // It is this function that was not let in, by a wrong clock or key: whoever asked it has done nothing wrong.
  if (problem && notLetIn.has(problem.code)) throw new CallFailed(route.owner, 'none', problem)
  if (status >= 500 || !problem)
    throw new CallFailed(
      route.owner,
      'unknown',
      new Error(`answered ${status}: ${text.slice(0, 200)}`),
    )
  throw problem
}

function readProblem(text: string): Problem | undefined {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const { code, detail, type, title, status, instance, correlationId, ...facts } = body
    return String(code) in problems
      ? new Problem(code as ProblemCode, String(detail), facts)
      : undefined
  } catch {
    return undefined
  }
}
