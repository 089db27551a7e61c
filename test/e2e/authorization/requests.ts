import { createHmac } from 'node:crypto'
import type { Route } from '../../../contracts/route.ts'
import { scopes } from '../../../contracts/scopes.ts'
import { newId } from '../../../functions/_runtime/ids.ts'
import { card } from '../market.ts'
import { password } from './callers.ts'
import type { Asked } from './door.ts'
import type { Thing } from './thing.ts'
import { newEvent, newVenue, type Kind } from './things.ts'

/** What a request about a thing says besides the thing's own id, which its path has. */
type Wish = {
  params?: Record<string, string>
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
}

export type Fixture = {
  /** The kind of thing that it is about; for those with a parameter it follows from the path. */
  of: Kind
  wish: (thing: Thing, saleId: string) => Wish
  /** Once it is done, the thing, or the caller, is gone. */
  ends?: 'thing' | 'caller'
}

/** By the word before a parameter. */
const kinds: Record<string, Kind> = {
  venues: 'venue',
  events: 'event',
  'of-event': 'event',
  seats: 'seat',
  holds: 'hold',
  orders: 'order',
  of: 'order',
  payments: 'payment',
  intents: 'intent',
  tickets: 'ticket',
  'waiting-room': 'room',
  'api-keys': 'apiKey',
  users: 'account',
  'dead-letters': 'deadLetter',
  links: 'verifyLink',
  webhooks: 'webhook',
}

const money = { amountMinor: 100, currency: 'INR' }
const { payment: means } = card('tok_ok')
const newEmail = () => `${newId()}@example.org`
const becauseOfTest = () => ({ body: { reason: 'for a test' } })
const withToken = ({ more }: Thing) => ({ body: { token: more.token } })
const ofEvent = ({ id }: Thing) => ({ query: { eventId: id } })

/** Requests that are right in every way, so that what refuses them is who asks and nothing else. */
const special: Record<string, Partial<Fixture>> = {
  register: { wish: () => ({ body: { email: newEmail(), password, name: 'A Person' } }) },
  logIn: { of: 'account', wish: ({ more }) => ({ body: { email: more.email, password } }) },
  refresh: { of: 'session', wish: cookie, ends: 'thing' },
  logOut: { of: 'session', wish: cookie, ends: 'thing' },
  logOutEverywhere: { ends: 'caller' },
  changeMe: { wish: () => ({ body: { name: 'Another Name' } }) },
  eraseMe: { ends: 'caller' },
  requestReset: { wish: () => ({ body: { email: newEmail() } }) },
  resetPassword: {
    of: 'resetLink',
    wish: ({ more }) => ({ body: { token: more.token, password } }),
    ends: 'thing',
  },
  verifyEmail: { of: 'verifyLink', wish: withToken, ends: 'thing' },
  confirmEmail: { of: 'changeLink', wish: withToken, ends: 'thing' },
  changePassword: { wish: () => ({ body: { currentPassword: password, password } }) },
  changeEmail: { wish: () => ({ body: { email: newEmail(), password } }) },
  createApiKey: { wish: () => ({ body: { name: 'a key', scopes: [scopes[0]] } }) },
  deleteApiKey: { ends: 'thing' },
  exchangeApiKey: { of: 'apiKey', wish: ({ more }) => ({ body: { apiKey: more.apiKey } }) },
  erasureProgress: { of: 'erased' },
  setRoles: { wish: () => ({ body: { roles: ['customer', 'steward'] } }) },
  banUser: { wish: becauseOfTest },
  unbanUser: { wish: becauseOfTest },
  createVenue: { wish: () => ({ body: newVenue }) },
  changeVenue: { wish: () => ({ body: { name: 'The Other Hall' } }) },
  deleteVenue: { ends: 'thing' },
  createEvent: { of: 'venue', wish: ({ id }) => ({ body: newEvent(id) }) },
  changeEvent: { wish: () => ({ body: { title: 'Another Play' } }) },
  deleteEvent: { of: 'draft', ends: 'thing' },
  publishEvent: { of: 'draft' },
  listSeats: { of: 'event', wish: ofEvent },
  seatSummary: { of: 'event', wish: ofEvent },
  seatMap: { of: 'event', wish: ofEvent },
  seatStream: { of: 'event', wish: ofEvent },
  reserveSeats: { wish: (_, eventId) => ({ body: { eventId, quantity: 1 } }) },
  releaseSeats: { of: 'hold', wish: ({ id }) => ({ body: { holdId: id } }), ends: 'thing' },
  extendHold: { of: 'hold', wish: ({ id }) => ({ body: { holdId: id } }) },
  holdForOrder: {
    of: 'nothing',
    wish: ({ id }, eventId) => ({
      params: { id },
      body: { eventId, orderId: id, buyerId: newId(), quantity: 1 },
    }),
  },
  releaseHold: { wish: () => ({ query: { orderId: newId() } }) },
  allocateSeats: {
    of: 'order',
    wish: ({ id, more }, eventId) => ({
      body: { eventId, orderId: id, holdId: more.holdId, seatIds: [more.seatId] },
    }),
  },
  placeOrder: {
    wish: (_, eventId) => ({
      headers: { 'idempotency-key': newId() },
      body: { eventId, quantity: 1, payment: means },
    }),
  },
  refundOrder: { wish: () => ({ body: {} }) },
  // Asked again: a charge that is new would be for an order that is not.
  charge: {
    of: 'order',
    wish: ({ id, ownerId, more }) => ({
      headers: { 'idempotency-key': id },
      body: {
        orderId: id,
        payerId: ownerId,
        amount: { ...money, amountMinor: Number(more.totalMinor) },
        means,
      },
    }),
  },
  voidPayment: { wish: ({ id }) => ({ body: { orderId: id } }) },
  refundPayment: { wish: () => ({ body: { amount: money, refundId: newId() } }) },
  prepareIntent: {
    of: 'nothing',
    wish: ({ id }) => ({ params: { id }, body: { orderId: id, payerId: newId(), amount: money } }),
  },
  createIntent: { of: 'intent', wish: ({ more }) => ({ body: { orderId: more.orderId } }) },
  confirmIntent: { wish: () => ({ body: means }) },
  webhook: { wish: signedNews },
  setWaitingRoom: { wish: () => ({ body: { admissionsPerMinute: 60_000 } }) },
  replayDeadLetters: { wish: () => ({ body: { limit: 1 } }) },
  discardDeadLetter: { wish: becauseOfTest },
}

function cookie({ more }: Thing): Wish {
  return { headers: { cookie: more.cookie ?? '' } }
}

/** As the bank signs it. */
function signedNews({ id, more }: Thing): Wish {
  const body = { id: `evt_${id}`, type: 'bank.says-hello' }
  const time = Math.floor(Date.now() / 1000)
  const signature = createHmac('sha256', more.key ?? '')
    .update(`${time}.${JSON.stringify(body)}`)
    .digest('hex')
  return {
    params: { provider: 'sandbox' },
    headers: { 'bank-signature': `t=${time},v1=${signature}` },
    body,
  }
}

/** Throws for a route whose request nobody has said. */
export function fixtureOf(name: string, route: Route): Fixture {
  const given = special[name] ?? {}
  const isPersonal = route.path.startsWith('/v1/personal-data/')
  const before = isPersonal ? 'users' : /\/([\w-]+)\/:/.exec(route.path)?.[1]
  const kind = given.of ?? (before === undefined ? 'nothing' : kinds[before])
  if (!kind) throw new Error(`${name}: say in kinds what ${route.path} is about`)
  if ((route.body || (route.query && requires(route.query))) && !given.wish)
    throw new Error(`${name}: say in special what its request is`)
  return { of: kind, wish: () => ({}), ...given }
}

const requires = (schema: NonNullable<Route['query']>) => !schema.safeParse({}).success

/** The request of somebody about a thing. */
export function requestFor(route: Route, fixture: Fixture, thing: Thing, saleId: string): Asked {
  const { params, query, headers = {}, body } = fixture.wish(thing, saleId)
  const values = params ?? {
    id: thing.id,
    eventId: thing.id,
    orderId: thing.id,
    file: `${thing.id}.png`,
  }
  const path = route.path
    .replace(/\{[^}]+\}/, '')
    .replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? `:${name}`)
  const search = query ? `?${new URLSearchParams(query).toString()}` : ''
  return { method: route.method, path: path + search, headers, body }
}
