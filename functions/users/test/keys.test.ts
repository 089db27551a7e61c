import { createHmac } from 'node:crypto'
import { Redis } from 'ioredis'
import { SignJWT } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { jwksKey } from '../../_runtime/runtime.ts'
import { describe } from '../../_runtime/test.ts'
import { serviceToken } from '../../_runtime/testing/tokens.ts'
import { start } from '../start.ts'
import { logIn, look, openAccount, openInstance, openUsers, type Users } from './support.ts'

describe('the signing keys', (it) => {
  let users: Users
  let redis: Redis
  it.before(async () => {
    users = await openUsers()
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const jwks = async () => (await users.ask('GET', '/.well-known/jwks.json')).body
  const kept = async () => JSON.parse((await redis.get(jwksKey)) ?? 'null')

  it('are never none: the first is made when somebody asks for them', async () => {
    assert.is(await sql(`select count(*)::int from signing_keys`), 0)
    const { status, body, headers } = await users.ask('GET', '/.well-known/jwks.json')
    assert.is(status, 200)
    assert.is(headers.get('cache-control'), 'public, max-age=300')
    assert.is(body.keys.length, 1)
    const { x, kid, ...rest } = body.keys[0]
    assert.match(x, /^[\w-]{43}$/)
    assert.match(kid, /^[\w-]{43}$/)
    assert.equal(rest, { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' })
  })

  it('are copied to Redis, again by the sweep when it has lost them', async () => {
    await redis.del(jwksKey)
    assert.is(await users.deps.keys.sweep(), 0)
    assert.equal(await kept(), await jwks())
  })

  it('are copied when the function starts, and at each tick of the clock', async () => {
    await redis.del(jwksKey)
    const { answer, started, close } = start(users.env)
    const tick = async () => {
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': newId(),
        'ce-source': '/apis/v1/namespaces/boxoffice/pingsources/clock',
        'ce-type': 'dev.knative.sources.ping',
      }
      const request = new Request('http://users/', { method: 'POST', headers })
      return 'fetch' in answer && (await answer.fetch(request, {} as never))
    }
    started?.()
    // Joins the round that is running and ends with it.
    await tick()
    assert.equal(await kept(), await jwks())
    await redis.del(jwksKey)
    assert.is(((await tick()) as Response).status, 204)
    assert.equal(await kept(), await jwks())
    await close()
  })

  it('keep the private half sealed', async () => {
    const row: string = await sql(`select row_to_json(k)::text from signing_keys k`)
    assert.not.match(row, 'PRIVATE KEY')
    assert.not.match(row, '"d"')
    const stranger = openInstance({ ...users.env, KEY_SECRET: 'another key'.padEnd(40, '.') })
    const failed = await stranger.deps.keys.signing().then(
      () => 'opened',
      () => 'refused',
    )
    assert.is(failed, 'refused')
    await stranger.close()
  })

  it('overlap: a new one is public before it signs, an old one until its last token is over', async () => {
    const { as, email } = await openAccount(users)
    const [old] = (await jwks()).keys
    await sql(
      `insert into signing_keys (kid, public_jwk, private_sealed, signs_from)
       values ('next', $1, 'not needed yet', now() + interval '10 min')`,
      [{ ...old, kid: 'next' }],
    )
    const early = openInstance(users.env)
    assert.equal(
      (await jwks()).keys.map(({ kid }: { kid: string }) => kid),
      [old.kid, 'next'],
    )
    assert.is((await logIn(early, email)).status, 200)
    await sql(`update signing_keys set retires_at = now() + interval '1 hour' where kid = $1`, [
      old.kid,
    ])
    assert.is((await as('GET', '/v1/users/me')).status, 200)
    assert.is((await jwks()).keys.length, 2)
    await sql(
      `update signing_keys set signs_from = now() - interval '1 hour', retires_at = now() where kid = $1`,
      [old.kid],
    )
    const kids = (await jwks()).keys.map(({ kid }: { kid: string }) => kid)
    assert.not.ok(kids.includes(old.kid))
    assert.is(kids.length, 2, 'one that is still to come and a new one that signs at once')
    await early.close()
  })
})

describe('a forged access token', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('is refused with 401, whatever is wrong with it', async () => {
    const { id, session } = await openAccount(users)
    const { kid, privateKey } = await users.deps.keys.signing()
    const [publicJwk] = await users.deps.keys.published()
    const good = { typ: 'at+jwt', iss: 'boxoffice', aud: 'boxoffice', exp: '15m', kid }
    const sign = (change: Partial<Record<keyof typeof good, string | number | undefined>>) => {
      const { typ, iss, aud, exp, kid: named } = { ...good, ...change }
      const token = new SignJWT({ roles: ['admin'] })
        .setProtectedHeader({ alg: 'EdDSA', typ: String(typ), kid: String(named) })
        .setIssuer(String(iss))
        .setAudience(String(aud))
        .setSubject(id)
        .setJti(newId())
      if (exp !== undefined) token.setExpirationTime(exp)
      return token.sign(privateKey)
    }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { ...good, sub: id, roles: ['admin'], exp: Math.floor(Date.now() / 1000) + 900 }
    const bare = (alg: string) => `${part({ alg, typ: 'at+jwt', kid })}.${part(claims)}`
    const hmac = (key: string) =>
      `${bare('HS256')}.${createHmac('sha256', key).update(bare('HS256')).digest('base64url')}`
    const [head = '', , signature = ''] = String(session.body.accessToken).split('.')

    const forged: Record<string, string> = {
      'alg none': `${bare('none')}.`,
      'alg nOnE': `${bare('nOnE')}.`,
      'HS256 with the public key': hmac(publicJwk?.x ?? ''),
      'HS256 with the public JWK': hmac(JSON.stringify(publicJwk)),
      'claims exchanged under a real signature': `${head}.${part(claims)}.${signature}`,
      'no signature': `${head}.${part(claims)}.`,
      'typ JWT': await sign({ typ: 'JWT' }),
      'another issuer': await sign({ iss: 'elsewhere' }),
      'another audience': await sign({ aud: 'seating' }),
      'no exp': await sign({ exp: undefined }),
      expired: await sign({ exp: Math.floor(Date.now() / 1000) - 60 }),
      'unknown kid': await sign({ kid: 'other' }),
      'kid with a path': await sign({ kid: '../../dev/null' }),
      'a service token of another function': await serviceToken('orders', 'seating'),
      'not a token': 'x',
    }
    const me = (authorization: string) =>
      users.ask('GET', '/v1/users/me', undefined, { authorization })
    for (const [what, token] of Object.entries(forged)) {
      const { status, body } = await me(`Bearer ${token}`)
      assert.is(status, 401, what)
      assert.is(body.code, 'not-signed-in', what)
    }
    assert.is((await me(`Bearer ${await sign({})}`)).status, 200, 'the table proves something')
    assert.is((await me(`Basic ${session.body.accessToken}`)).status, 401)
    assert.is((await me(`Bearer ${await serviceToken('orders', 'users')}`)).status, 403)
  })
})
