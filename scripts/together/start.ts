import type { IncomingMessage } from 'node:http'
import type { FunctionName } from '../../contracts/functions.ts'
import { neighbours, type Neighbour } from '../../functions/_runtime/neighbours.ts'
import { Problem, problemBody } from '../../functions/_runtime/problem.ts'
import { memberTaker, type TakeMember } from '../../functions/_runtime/receive.ts'
import { listenerOf, type Loaded } from '../../functions/_runtime/serve.ts'
import type { Listener } from '../../functions/_runtime/server.ts'
import { isBatch, takeBatch } from './batch.ts'

type Member = Exclude<FunctionName, 'gateway'>
type Start = (env: NodeJS.ProcessEnv) => Loaded

/** Every function that owns a database. The gateway stays outside: its own core meets the clients. */
const functions: Record<Member, () => Promise<{ start: Start }>> = {
  users: () => import('../../functions/users/start.ts'),
  catalog: () => import('../../functions/catalog/start.ts'),
  seating: () => import('../../functions/seating/start.ts'),
  orders: () => import('../../functions/orders/start.ts'),
  payments: () => import('../../functions/payments/start.ts'),
  tickets: () => import('../../functions/tickets/start.ts'),
  notifications: () => import('../../functions/notifications/start.ts'),
  'waiting-room': () => import('../../functions/waiting-room/start.ts'),
  'dead-letters': () => import('../../functions/dead-letters/start.ts'),
}

/**
 * Several functions in one process, each with the environment that `FUNCTIONS` has for it, its own pool and its own
 * database, as if it were alone. The Host header says whom a request is for, as it does at the ingress; calls between
 * them take no socket. For one machine only: they scale, and fail, together.
 */
export async function start({ FUNCTIONS = '{}' }: NodeJS.ProcessEnv): Promise<Loaded> {
  const environments = JSON.parse(FUNCTIONS) as Record<string, NodeJS.ProcessEnv>
  const listeners = new Map<string, Listener>()
  const takers = new Map<string, TakeMember>()
  const all = await Promise.all(
    Object.entries(environments).map(async ([name, env]) => {
      const loaded = (await load(name)).start(env)
      if ('fetch' in loaded.answer) {
        const { fetch, direct = new Map() } = loaded.answer
        neighbours.set(name as Member, { fetch: fetch as Neighbour['fetch'], direct })
      }
      listeners.set(name, await listenerOf(loaded))
      const take = memberTaker(loaded.answer)
      if (take) takers.set(name, take)
      return loaded
    }),
  )
  return {
    answer: {
      listener(incoming, outgoing) {
        const name = nameIn(incoming)
        const take = isBatch(incoming) ? takers.get(name) : undefined
        if (take) return takeBatch(take, incoming, outgoing)
        const listener = listeners.get(name)
        if (listener) return listener(incoming, outgoing)
        const problem = new Problem(
          'not-found',
          `No function here has the name of ${incoming.headers.host}`,
        )
        outgoing.writeHead(problem.status, { 'content-type': 'application/problem+json' })
        outgoing.end(JSON.stringify(problemBody(problem, incoming.url ?? '/')))
      },
    },
    started: () => all.forEach(({ started }) => started?.()),
    close: async () => void (await Promise.all(all.map(({ close }) => close()))),
  }
}

function load(name: string): Promise<{ start: Start }> {
  if (!(name in functions)) throw new Error(`${name} cannot run together with others`)
  return functions[name as Member]()
}

const nameIn = ({ headers }: IncomingMessage) => headers.host?.split('.', 1)[0] ?? ''
