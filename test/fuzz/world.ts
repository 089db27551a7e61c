import { newId } from '../../functions/_runtime/ids.ts'
import type { Market } from '../e2e/market.ts'
import type { Case, Who } from './cases.ts'
import { fillPool, password, type Pool } from './pool.ts'
import type { Operation } from './operations.ts'
import type { Answer, Sent } from './wire.ts'

export type World = {
  prepare(operation: Operation, one: Case): Sent
  learn(operation: Operation, sent: Sent, answer: Answer): Promise<void>
}

const keptMax = 60
/** Which list an answer's id goes to, so that later requests find what earlier ones made. */
const made: Record<string, [kind: keyof Pool, field: string]> = {
  createVenue: ['hall', 'id'],
  createEvent: ['draft', 'id'],
  placeOrder: ['spent', 'id'],
  reserveSeats: ['hold', 'holdId'],
  createIntent: ['intent', 'id'],
  createApiKey: ['key', 'id'],
  register: ['victim', 'id'],
}
/** The word of a path before an id, where the list is named otherwise. */
const nouns: Record<string, keyof Pool> = {
  events: 'event',
  venues: 'venue',
  orders: 'order',
  seats: 'seat',
  users: 'victim',
  'api-keys': 'key',
  'dead-letters': 'dead',
  intents: 'intent',
  payments: 'payment',
  tickets: 'ticket',
  'waiting-room': 'hot',
}

/** A market with a little of everything in it, and people who use it. */
export async function openWorld(market: Market): Promise<World> {
  const { people, pool } = await fillPool(market)

  function idOf(kind: string, index: number): string {
    if (kind === 'password') return index < 30 ? password : 'another password'
    if (kind === 'email' && index > 10) return `fuzz-${newId()}@example.com`
    const name = nouns[kind] ?? (kind as keyof Pool)
    const list = name === 'order' ? [...pool.order, ...pool.spent] : pool[name]
    return list?.[index % list.length] ?? newId()
  }
  const fill = (text: string) =>
    text.replaceAll(/‹([\w-]+):(\d+)›/g, (_, kind: string, index: string) =>
      idOf(kind, Number(index)),
    )

  function forget(gone: string): void {
    for (const list of Object.values(pool))
      if (list.length > 1 && list.includes(gone)) list.splice(list.indexOf(gone), 1)
  }

  function tokenOf(who: Who, { id }: Operation): string | undefined {
    if (id === 'eraseMe' && (who === 'customer' || who === 'other')) return people.leaver.token
    if (who === 'nobody') return undefined
    if (who === 'forged') return `${people.customer.token.slice(0, -8)}AAAAAAAA`
    return people[who].token
  }

  return {
    /** The request itself: with ids for names, and the token of who asks. */
    prepare(operation: Operation, { who, path, query, headers, body }: Case): Sent {
      const token = tokenOf(who, operation)
      return {
        who,
        method: operation.method,
        target: fill(query === '' ? path : `${path}?${query}`),
        headers: [
          ...(token === undefined
            ? []
            : [['authorization', `Bearer ${token}`] as [string, string]]),
          ...headers.map(([name, value]): [string, string] => [name, latin(fill(value))]),
        ],
        body: body === undefined ? undefined : fill(body),
      }
    },
    /** Keeps what was made, and gives new tokens to those who ended their own. */
    async learn({ id }: Operation, { who, target }: Sent, answer: Answer): Promise<void> {
      const [kind, field] = made[id] ?? []
      if (kind && field && answer.status < 300) {
        pool[kind].push(String(JSON.parse(answer.text)[field]))
        if (pool[kind].length > keptMax) pool[kind].shift()
      }
      if (id.startsWith('delete') && answer.status === 204) forget(target.split('/').at(-1) ?? '')
      if (who === 'nobody' || who === 'forged') return
      if (id === 'eraseMe' && answer.status === 204) people.leaver = await people.join('leaver')
      else if (answer.status === 401) people[who] = await people.again(who)
    },
  }
}

/** Headers carry bytes; what is none is left out. */
const latin = (value: string) => value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')

/** A machine asks more often than the limits let anybody, and a gateway that refuses finds nothing. */
export const settings = (): Record<string, string> => ({
  LOG_LEVEL: 'warn',
  RATE_LIMITS: ['reads', 'purchases', 'writes']
    .flatMap((name) => [`${name}.user`, `${name}.address`])
    .concat('reads.key', 'sessions.address', 'credentials.address', 'credentials.account')
    .concat('credentials.guess')
    .map((limit) => `${limit}=1000000/60`)
    .join(),
})
