import { Agent } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'
import { problems, type ProblemCode } from '../../contracts/problems.ts'
import type { Answer, Input, Route } from '../../contracts/route.ts'
import { BrokenCircuitError } from 'cockatiel'
import { createBreakers } from './breakers.ts'
import { correlationHeader, current, deadlineHeader, remainingMs } from './context.ts'
import { pathOf, textsOf } from './input.ts'
import type { Metrics } from './metrics.ts'
import { handOver, neighbours, within } from './neighbours.ts'
import type { Told } from './on-call.ts'
import { CallFailed, overHttp, type Exchange, type Exchanged } from './over-http.ts'
import { Problem } from './problem.ts'

export { CallFailed } from './over-http.ts'

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
  self: FunctionName
  namespace: string
  ingressAddress: string | undefined
  /** `name=host:port,…` */
  addresses: string
  tokenFor: (callee: FunctionName) => Promise<string>
  metrics: Metrics
  /** The simulation's own in place of HTTP. Rejects with CallFailed. */
  exchange?: Exchange
}

const callMsMax = 10_000
const attemptsMax = 3

export function createCalls({
  self,
  namespace,
  ingressAddress,
  addresses,
  tokenFor,
  metrics,
  exchange = overHttp,
}: CallsOptions): Calls & { close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64, timeout: 15_000 })
  const addressOf = new Map(addresses.split(',').map((one) => one.split('=') as [string, string]))
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
    const neighbour = neighbours.get(route.owner)
    if (!neighbour) return interpret(route, await sendOut(route, given, timeoutMs))
    const direct = neighbour.direct.get(route)
    const answer = direct
      ? direct(self, given, timeoutMs)
      : handOver(neighbour, await requestOf(route, given, timeoutMs))
    const inTime = within(timeoutMs, answer).catch((err: unknown) => {
      throw new CallFailed(route.owner, 'unknown', err)
    })
    return interpret(route, await inTime)
  }

  async function sendOut(route: Route, given: Partial<Input<Route>>, timeoutMs: number) {
    const { body, host, ...asked } = await requestOf(route, given, timeoutMs)
    const address = addressOf.get(route.owner) ?? ingressAddress
    const [connectTo = host, port = '80'] = address?.split(':') ?? []
    const options = { ...asked, agent, host: connectTo, port }
    return exchange(route.owner, options, body, timeoutMs)
  }

  async function requestOf(route: Route, given: Partial<Input<Route>>, timeoutMs: number) {
    const host = `${route.owner}.${namespace}.svc.cluster.local`
    const body = given.body === undefined ? undefined : JSON.stringify(given.body)
    const { correlationId, traceparent } = current()
    const headers: Record<string, string> = {
      host,
      authorization: `Bearer ${await tokenFor(route.owner)}`,
      [correlationHeader]: correlationId,
      [deadlineHeader]: String(timeoutMs),
      ...textsOf(given.headers),
    }
    if (traceparent) headers.traceparent = traceparent
    if (body !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = String(Buffer.byteLength(body))
    }
    const query = new URLSearchParams(textsOf(given.query)).toString()
    const path = pathOf(route, given.params) + (query === '' ? '' : `?${query}`)
    return { host, method: route.method, path, headers, body }
  }

  return Object.assign(call as unknown as Calls, { close: () => agent.destroy() })
}

const notLetIn: ReadonlySet<ProblemCode> = new Set(['not-signed-in', 'forbidden', 'token-revoked'])

function interpret(route: Route, answer: Exchanged | Told): { status: number; body: unknown } {
  if ('body' in answer) return answer
  const { status, text } = answer
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
