import { decodeJwt } from 'jose'
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { keyBanSeconds, keyTokenSeconds } from '../api-keys.ts'
import { banKey } from '../edge-bans.ts'
import { look, openAccount, openUsers, type Users } from './support.ts'

const wanted = { name: 'Box office of the Old Hall', scopes: ['orders:read', 'catalog:write'] }

describe('API keys', (it) => {
  let users: Users
  let gateway: Ask
  let redis: Redis
  it.before(async () => {
    users = await openUsers()
    gateway = await users.asFunction('gateway')
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const exchange = (apiKey: string) => gateway('POST', '/v1/auth/exchange', { apiKey })
  const make = async (as: Ask, more: object = {}) => {
    const { status, body } = await as('POST', '/v1/api-keys', { ...wanted, ...more })
    assert.is(status, 201)
    return body as { id: string; apiKey: string }
  }

  it('are shown once, and kept as a hash only', async () => {
    const { as } = await openAccount(users)
    const made = await as('POST', '/v1/api-keys', wanted)
    assert.is(made.status, 201)
    assert.is(made.headers.get('cache-control'), 'no-store')
    const { apiKey, ...shown } = made.body
    assert.match(apiKey, new RegExp(`^bx_${shown.id}_[\\w-]{43}$`))
    const { items } = (await as('GET', '/v1/api-keys')).body
    assert.equal(items, [shown])
    assert.equal([shown.name, shown.scopes], [wanted.name, wanted.scopes])
    const all: string = await sql(`select string_agg(k::text, '') from api_keys k`)
    assert.not.match(all, apiKey.split('_').at(-1))
  })

  it('are exchanged for a token of their owner, within their scopes and without admin', async () => {
    const { as, id } = await openAccount(users)
    await sql(`update users set roles = '{customer,organizer,admin}' where id = $1`, [id])
    const key = await make(as)
    const { status, body } = await exchange(key.apiKey)
    assert.is(status, 200)
    assert.equal([body.expiresIn, body.keyId], [60, key.id])
    const { iat = 0, exp = 0, jti: _, ...claims } = decodeJwt(body.accessToken)
    assert.is(exp - iat, 60)
    assert.equal(claims, {
      iss: 'boxoffice',
      aud: 'boxoffice',
      sub: id,
      roles: ['customer', 'organizer'],
      key: key.id,
      scope: 'orders:read catalog:write',
    })
    assert.ok((await as('GET', '/v1/api-keys')).body.items[0].usedAt)
  })

  it('reach no account: neither profile nor keys nor log-out', async () => {
    const { as } = await openAccount(users)
    const { accessToken } = (await exchange((await make(as)).apiKey)).body
    for (const [method, path] of [
      ['GET', '/v1/users/me'],
      ['DELETE', '/v1/users/me'],
      ['GET', '/v1/api-keys'],
      ['POST', '/v1/auth/logout-all'],
    ] as const) {
      const authorization = `Bearer ${accessToken}`
      const { status, body } = await users.ask(method, path, undefined, { authorization })
      assert.equal([status, body.code], [403, 'scope-missing'], path)
    }
  })

  it('are refused alike, whatever is wrong with them', async () => {
    const { as, id } = await openAccount(users)
    const { id: keyId, apiKey } = await make(as)
    const other = await make(as)
    const expired = await make(as, { expiresAt: '2099-01-01T00:00:00Z' })
    await sql(`update api_keys set expires_at = now() where id = $1`, [expired.id])
    const answers = await Promise.all(
      [
        '',
        'bx_',
        `bx_${newId()}_${apiKey.slice(-43)}`,
        `bx_${keyId}_${other.apiKey.slice(-43)}`,
        `${apiKey}x`,
        apiKey.slice(0, -1),
        expired.apiKey,
      ].map(exchange),
    )
    await sql(
      `update users set banned_at = now(), banned_by = id, ban_reason = 'x' where id = $1`,
      [id],
    )
    answers.push(await exchange(apiKey))
    for (const { status, body } of answers)
      assert.equal(
        [status, body.code, body.detail],
        [401, 'api-key-invalid', answers[0]?.body.detail],
      )
    await sql(
      `update users set banned_at = null, banned_by = null, ban_reason = null where id = $1`,
      [id],
    )
    assert.is((await exchange(apiKey)).status, 200)
  })

  it('are exchanged by the gateway only', async () => {
    const { as } = await openAccount(users)
    const { apiKey } = await make(as)
    const orders = await users.asFunction('orders')
    const statuses = await Promise.all(
      [users.ask, as, orders].map(
        async (ask) => (await ask('POST', '/v1/auth/exchange', { apiKey })).status,
      ),
    )
    assert.equal(statuses, [401, 403, 403])
  })

  it('are revoked by their owner alone: the edge refuses them while a token of them lives', async () => {
    const { as } = await openAccount(users)
    const stranger = await openAccount(users)
    const { id, apiKey } = await make(as)
    const refused = await stranger.as('DELETE', `/v1/api-keys/${id}`)
    assert.equal([refused.status, refused.body.code], [404, 'not-found'])
    assert.is((await as('DELETE', `/v1/api-keys/${id}`)).status, 204)
    assert.is((await exchange(apiKey)).body.code, 'api-key-invalid')
    const seconds = await redis.ttl(banKey(id))
    assert.ok(seconds > keyTokenSeconds && seconds <= keyBanSeconds, `${seconds} s`)
    assert.is((await as('DELETE', `/v1/api-keys/${id}`)).status, 404)
  })

  it('go with their owner', async () => {
    const { as } = await openAccount(users)
    const { id, apiKey } = await make(as)
    await as('DELETE', '/v1/users/me')
    assert.is((await exchange(apiKey)).body.code, 'api-key-invalid')
    assert.is(await redis.get(banKey(id)), '1')
  })

  it('are refused with other scopes than there are, without any, and with an end in the past', async () => {
    const { as } = await openAccount(users)
    for (const more of [
      { scopes: [] },
      { scopes: ['users:read'] },
      { scopes: ['dead-letters:write'] },
      { scopes: ['orders:read', 'orders:read'] },
      { expiresAt: '2020-01-01T00:00:00Z' },
      { expiresAt: '2099-01-01T00:00:00-19:30' },
    ]) {
      const { status, body } = await as('POST', '/v1/api-keys', { ...wanted, ...more })
      assert.equal([status, body.code], [400, 'invalid-request'], JSON.stringify(more))
    }
  })

  it('end a token no later than themselves', async () => {
    const { as } = await openAccount(users)
    const expiresAt = new Date(Date.now() + 20_000).toISOString()
    const { apiKey } = await make(as, { expiresAt })
    const { expiresIn } = (await exchange(apiKey)).body
    assert.ok(expiresIn <= 20 && expiresIn >= 1, `${expiresIn} s`)
  })
})
