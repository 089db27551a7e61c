import { SignJWT } from 'jose'
import { functionNames, type FunctionName } from '../../../contracts/functions.ts'
import type { Role, Route } from '../../../contracts/route.ts'
import { scopes } from '../../../contracts/scopes.ts'
import { newId } from '../../../functions/_runtime/ids.ts'
import { serviceTokenType } from '../../../functions/_runtime/tokens.ts'
import { patiently } from './door.ts'
import type { Market } from '../market.ts'

/** Somebody who asks, and all that may be known of him beforehand. */
export type Caller = {
  name: string
  headers: Record<string, string>
  /** Undefined where he is nobody, or no user. */
  userId?: string
  roles: readonly Role[]
  /** Of an API key. */
  scopes?: readonly string[]
  function?: FunctionName
  /** `bad` is no token of ours; the others were good once, which only the gateway knows. */
  state: 'good' | 'bad' | 'banned' | 'revoked'
}

export const password = 'correct horse battery'

export type Account = { id: string; email: string; bearer: Record<string, string> }

/** Registers somebody as people do, has an admin give him his roles, and signs a token for him. */
export async function openAccount(market: Market, roles: Role[]): Promise<Account> {
  const email = `${newId()}@example.org`
  const { body, text } = await ask(market)('POST', '/v1/users', {
    email,
    password,
    name: 'A Person',
  })
  if (!body?.id) throw new Error(`nobody was registered: ${text}`)
  if (roles.join() !== 'customer') {
    const admin = await market.person(['admin'])
    const give = () => admin.ask('PUT', `/v1/users/${body.id}/roles`, { roles })
    const given = await patiently(give)
    if (given.status !== 200) throw new Error(`no roles were given: ${given.text}`)
  }
  const { token } = await market.person(roles, body.id)
  return { id: body.id, email, bearer: { authorization: `Bearer ${token}` } }
}

const ask =
  (market: Market): Market['ask'] =>
  (...request) =>
    patiently(() => market.ask(...request))

const nobody = { roles: [], state: 'good' } as const

/** Everybody who may come to the gateway. `owner` and `organizer` are those whose things are asked for. */
export async function openCallers(market: Market) {
  const user = async (name: string, roles: Role[]): Promise<Caller> => {
    const { id, bearer } = await openAccount(market, roles)
    return { name, headers: bearer, userId: id, roles, state: 'good' }
  }
  const [owner, other, organizer, otherOrganizer, steward, boxOffice, admin, banned] =
    await Promise.all([
      user('the owner', ['customer']),
      user('another customer', ['customer']),
      user('the organizer', ['organizer']),
      user('another organizer', ['organizer']),
      user('a steward', ['steward']),
      user('the box office', ['box-office']),
      user('an admin', ['admin']),
      user('somebody banned', ['customer', 'organizer']),
    ])
  const keys = await Promise.all(
    [owner, organizer, admin].flatMap((whose) =>
      Object.entries({
        'all scopes': scopes,
        'scopes to read': scopes.filter((scope) => scope.endsWith(':read')),
        'scopes to write': scopes.filter((scope) => scope.endsWith(':write')),
      }).map(([what, some]) => keyOf(market, whose, some, what)),
    ),
  )
  const ended = await endedSession(market)
  const reason = { reason: 'for a test' }
  await ask(market)('POST', `/v1/users/${banned.userId}/ban`, reason, admin.headers)
  const all: Caller[] = [
    { ...nobody, name: 'nobody', headers: {} },
    {
      ...nobody,
      name: 'somebody who only says who he is',
      headers: claims(admin.userId as string),
    },
    owner,
    other,
    organizer,
    otherOrganizer,
    steward,
    boxOffice,
    admin,
    { ...banned, state: 'banned' },
    { ...ended, state: 'revoked' },
    ...keys,
    { ...admin, name: 'an expired token', headers: await expired(market, admin), state: 'bad' },
    { ...nobody, name: 'a made-up API key', headers: { 'x-api-key': madeUpKey() }, state: 'bad' },
  ]
  return { owner, other, organizer, otherOrganizer, admin, all }
}

export type Callers = Awaited<ReturnType<typeof openCallers>>

const madeUpKey = () => `bx_${newId()}_${'x'.repeat(43)}`

/** What a proxy that trusts its clients would pass on. */
const claims = (userId: string) => ({
  'x-user-id': userId,
  'x-user-roles': 'admin',
  'x-boxoffice-caller': 'orders',
  'x-forwarded-user': userId,
  'x-forwarded-for': '127.0.0.1',
  'k-original-host': 'orders',
  'ce-source': '/functions/orders',
})

async function keyOf(
  market: Market,
  whose: Caller,
  some: readonly string[],
  what: string,
): Promise<Caller> {
  const request = { name: what, scopes: some }
  const { body, text } = await ask(market)('POST', '/v1/api-keys', request, whose.headers)
  if (!body?.apiKey) throw new Error(`no key was made: ${text}`)
  const roles = whose.roles.filter((role) => role !== 'admin')
  const headers = { 'x-api-key': body.apiKey as string }
  return { ...whose, name: `a key of ${whose.name} with ${what}`, headers, roles, scopes: some }
}

/** Somebody whose access token has still a quarter of an hour, but whose session he has ended. */
async function endedSession(market: Market): Promise<Caller> {
  const { id, email } = await openAccount(market, ['customer'])
  const { body } = await ask(market)('POST', '/v1/auth/login', { email, password })
  const headers = { authorization: `Bearer ${body.accessToken}` }
  const done = await ask(market)('POST', '/v1/auth/logout-all', undefined, headers)
  if (done.status !== 204) throw new Error(`nobody was logged out: ${done.text}`)
  const name = 'somebody who has logged out'
  return { name, headers, userId: id, roles: ['customer'], state: 'revoked' }
}

async function expired(market: Market, { userId, roles }: Caller) {
  const { token } = await market.person([...roles], userId, -60)
  return { authorization: `Bearer ${token}` }
}

/** A service token, good or with one thing about it that is not. */
export async function serviceToken(
  from: FunctionName,
  to: FunctionName,
  { key, seconds = 60, typ = serviceTokenType }: { key: string; seconds?: number; typ?: string },
): Promise<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000)
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ })
    .setSubject(from)
    .setAudience(to)
    .setIssuedAt(now + Math.min(seconds, 0) - 1)
    .setExpirationTime(now + seconds)
    .sign(new TextEncoder().encode(key))
  return { authorization: `Bearer ${token}` }
}

/**
 * Those who are inside already and are not let in for that: a function that the contract does not name, and
 * tokens with one thing about them that is not good.
 */
export async function insidersOf({ access, owner }: Route, key: string): Promise<Caller[]> {
  const named = typeof access === 'object' && 'functions' in access ? access.functions : []
  const others = functionNames.filter((name) => !named.includes(name))
  const [from = others[0] as FunctionName] = named
  const elsewhere = functionNames.find((name) => name !== owner) as FunctionName
  const bad = async (name: string, token: Promise<Record<string, string>>): Promise<Caller> => ({
    ...nobody,
    name,
    headers: await token,
    state: 'bad',
  })
  return Promise.all([
    ...others.map(async (name) => ({
      ...nobody,
      name: `the function ${name}`,
      headers: await serviceToken(name, owner, { key }),
      function: name,
    })),
    bad('a service token for another function', serviceToken(from, elsewhere, { key })),
    bad('a service token by another key', serviceToken(from, owner, { key: `${key}x` })),
    bad('an expired service token', serviceToken(from, owner, { key, seconds: -60 })),
    bad(
      'a service token that says it is a user’s',
      serviceToken(from, owner, { key, typ: 'at+jwt' }),
    ),
    bad('a service token of no function', serviceToken('root' as FunctionName, owner, { key })),
    bad('an API key', Promise.resolve({ authorization: `Bearer ${madeUpKey()}` })),
  ])
}
