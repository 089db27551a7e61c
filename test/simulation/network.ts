import type { FunctionName } from '../../contracts/functions.ts'
import { CallFailed, type Exchange } from '../../functions/_runtime/over-http.ts'
import type { Fault } from './faults.ts'
import { LightRequest } from './fetch-parts.ts'
import type { Process } from './process.ts'
import { inside, through, type World } from './world.ts'

export type Asked = {
  method: string
  path: string
  headers: Record<string, string>
  body?: string | undefined
}

export type Answered = { status: number; text: string; headers: Headers }

/** Requests between people, functions and the bank. */
export type Network = {
  /** A request to a function that gets there, if it runs. Rejects where no answer can come any more. */
  reach(callee: FunctionName, asked: Asked): Promise<Answered>
  /** The same over a wire that is not to be trusted, with a time limit. */
  ask(
    caller: Process | undefined,
    callee: FunctionName,
    asked: Asked,
    msMax: number,
  ): Promise<Answered>
  exchange(caller: Process, given: Parameters<Exchange>): ReturnType<Exchange>
}

const kinds: readonly Fault[] = [
  'before',
  'lost',
  'lost',
  'delay',
  'delay',
  'twice',
  'crash-before',
  'crash-after',
]

export function createNetwork(world: World): Network {
  const { clock, processes } = world

  function reach(callee: FunctionName, { method, path, headers, body }: Asked): Promise<Answered> {
    const process = processes.get(callee)
    if (!process) return Promise.reject(new CallFailed(callee, 'none', new Error('not running')))
    return new Promise((resolve, reject) => {
      const reset = () => reject(new CallFailed(callee, 'unknown', new Error('reset')))
      process.onDeath.add(reset)
      const answer = inside(process, async () => {
        const request = new LightRequest(`http://${callee}${path}`, { method, headers, body })
        const response = await process.app.fetch(request as unknown as Request)
        return { status: response.status, text: await response.text(), headers: response.headers }
      })
      void answer.then(resolve, reject).finally(() => process.onDeath.delete(reset))
    })
  }

  const ask: Network['ask'] = (caller, callee, asked, msMax) => {
    const place = asked.path.replaceAll(/[0-9a-f-]{36}/g, ':id').replace(/\?.*/, '')
    const none = () => new CallFailed(callee, 'none', new Error('refused'))
    const unknown = () => new CallFailed(callee, 'unknown', new Error('lost'))
    const answer = through(world, caller, {
      site: `${caller?.name ?? 'buyer'}->${callee} ${asked.method} ${place}`,
      effect: () => reach(callee, asked),
      kinds,
      none,
      unknown,
      slowMs: [10, 12_000],
    })
    return new Promise((resolve, reject) => {
      const limit = clock.after(msMax, () => reject(unknown()))
      answer.then(resolve, reject).finally(() => (limit.isOff = true))
    })
  }

  return {
    reach,
    ask,
    exchange: async (caller, [callee, { method = 'GET', path, headers }, body, timeoutMs]) => {
      const asked = { method, path: path ?? '/', headers: headers as Record<string, string>, body }
      return ask(caller, callee, asked, timeoutMs)
    },
  }
}
