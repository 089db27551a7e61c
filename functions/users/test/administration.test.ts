import { Redis } from 'ioredis'
import { decodeJwt } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { banKey } from '../edge-bans.ts'
import {
  logIn,
  look,
  newEmail,
  openAdmin,
  openAccount,
  openUsers,
  refresh,
  type Users,
} from './support.ts'

const reason = { reason: 'resells tickets' }
type Admin = Awaited<ReturnType<typeof openAdmin>>

describe('an admin', (it) => {
  let users: Users
  let admin: Admin
  let redis: Redis
  it.before(async () => {
    users = await openUsers()
    admin = await openAdmin(users)
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const sidOf = (token: string) => String(decodeJwt(token).sid)
  const acts = async (subject: string) => {
    const { body } = await admin.as('GET', `/v1/audit/users?subject=${subject}`)
    return body.items as Record<string, unknown>[]
  }

  it('gives roles, which the user has from his next refresh on', async () => {
    const { id, cookie } = await openAccount(users)
    const roles = ['customer', 'organizer']
    const { status, body, headers } = await admin.as('PUT', `/v1/users/${id}/roles`, { roles })
    assert.equal([status, body.roles, headers.get('etag')], [200, roles, '"2"'])
    const session = await refresh(users, cookie)
    assert.equal(decodeJwt(session.body.accessToken).roles, roles)
    const told = await sql(
      `select payload from outbox where aggregateid = $1 and type like '%.updated.v2'`,
      [id],
    )
    assert.equal([told.version, told.roles], [2, roles])
  })

  it('takes a role, and whoever lost it is logged out within seconds', async () => {
    const { id, cookie, session } = await openAccount(users)
    await admin.as('PUT', `/v1/users/${id}/roles`, { roles: ['customer', 'steward'] })
    await admin.as('PUT', `/v1/users/${id}/roles`, { roles: ['customer'] })
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
    assert.is(await redis.get(banKey(sidOf(session.body.accessToken))), '1')
    assert.is(await redis.get(banKey(id)), null)
  })

  it('is told where the roles have changed since he read them, and nothing twice', async () => {
    const { id } = await openAccount(users)
    const put = (version: string, roles: string[]) =>
      admin.as('PUT', `/v1/users/${id}/roles`, { roles }, { 'if-match': version })
    assert.is((await put('"1"', ['customer', 'steward'])).status, 200)
    const stale = await put('"1"', [])
    assert.equal([stale.status, stale.body.code, stale.body.version], [412, 'version-stale', 2])
    assert.is((await put('"2"', ['steward', 'customer'])).body.version, 2)
    assert.is((await acts(id)).length, 1)
    for (const roles of [['king'], ['admin', 'admin'], 'admin'])
      assert.is((await put('*', roles as string[])).body.code, 'invalid-request')
    const unknown = await admin.as('PUT', `/v1/users/${newId()}/roles`, { roles: [] })
    assert.is(unknown.body.code, 'not-found')
  })

  it('bans a user: log-in, refresh, API keys and tokens are refused, until he is unbanned', async () => {
    const { id, email, cookie, session, as } = await openAccount(users)
    const { apiKey } = (await as('POST', '/v1/api-keys', { name: 'x', scopes: ['orders:read'] }))
      .body
    const gateway = await users.asFunction('gateway')
    const exchange = () => gateway('POST', '/v1/auth/exchange', { apiKey })
    const banned = await admin.as('POST', `/v1/users/${id}/ban`, reason)
    assert.is(banned.status, 200)
    assert.equal([banned.body.ban.by, banned.body.ban.reason], [admin.id, reason.reason])
    assert.is(await redis.get(banKey(id)), '1')
    assert.is(await redis.ttl(banKey(id)), -1)
    assert.is(await redis.get(banKey(sidOf(session.body.accessToken))), '1')
    const refused = await logIn(users, email)
    assert.equal([refused.status, refused.body.code], [403, 'account-banned'])
    assert.is(refused.headers.get('set-cookie'), null)
    assert.is((await logIn(users, email, 'a wrong password')).body.code, 'wrong-credentials')
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
    assert.is((await exchange()).body.code, 'api-key-invalid')

    const unbanned = await admin.as('POST', `/v1/users/${id}/unban`, { reason: 'was a mistake' })
    assert.equal([unbanned.status, unbanned.body.ban], [200, null])
    assert.is(await redis.get(banKey(id)), null)
    assert.is((await logIn(users, email)).status, 200)
    assert.is((await exchange()).status, 200)
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
  })

  it('leaves each act in the log, once, with what changed and no personal data', async () => {
    const { id, email } = await openAccount(users, { name: 'Zelda Quist' })
    const correlation = newId()
    const ban = () =>
      admin.as('POST', `/v1/users/${id}/ban`, reason, { 'x-correlation-id': correlation })
    await ban()
    await ban()
    await admin.as('POST', `/v1/users/${id}/unban`, reason)
    const log = await acts(id)
    const [, first] = log
    assert.equal(
      log.map(({ act, before, after }) => [act, before, after]),
      [
        ['user.unban', { banned: true }, { banned: false }],
        ['user.ban', { banned: false }, { banned: true }],
      ],
    )
    const { id: _, at, ...rest } = first ?? {}
    assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000)
    assert.equal(rest, {
      actorId: admin.id,
      act: 'user.ban',
      subject: id,
      before: { banned: false },
      after: { banned: true },
      reason: reason.reason,
      correlationId: correlation,
    })
    const all: string = await sql(`select string_agg(a::text, '') from audit_log a`)
    for (const word of [email, 'Zelda']) assert.not.match(all, word)
  })

  it('cannot change the log afterwards, nor can anybody', async () => {
    const { id } = await openAccount(users)
    await admin.as('POST', `/v1/users/${id}/ban`, reason)
    for (const text of [
      `update audit_log set reason = null`,
      `delete from audit_log`,
      `truncate audit_log`,
    ]) {
      const outcome = await sql(text).then(
        () => 'done',
        (err: { cause?: unknown; message: string }) => err.message,
      )
      assert.match(outcome, /only added to/, text)
    }
    assert.is((await acts(id)).length, 1)
  })

  it('reads the log by who, what, whom and when, a page at a time', async () => {
    const { id } = await openAccount(users)
    await admin.as('POST', `/v1/users/${id}/ban`, reason)
    await admin.as('POST', `/v1/users/${id}/unban`, reason)
    const total = async (query: string) =>
      (await admin.as('GET', `/v1/audit/users?subject=${id}&${query}`)).body.total
    assert.is(await total(''), 2)
    assert.is(await total(`actorId=${admin.id}`), 2)
    assert.is(await total(`actorId=${newId()}`), 0)
    assert.is(await total('act=user.unban'), 1)
    assert.is(await total('from=2099-01-01T00:00:00Z'), 0)
    assert.is(await total('to=2099-01-01T00:00:00Z'), 2)
    const { body } = await admin.as('GET', `/v1/audit/users?subject=${id}&size=1&page=2`)
    assert.equal([body.total, body.items.length, body.items[0].act], [2, 1, 'user.ban'])
  })

  it('finds users by the beginnings of words in their name, by whole address and by id', async () => {
    const email = newEmail()
    const { id } = await openAccount(users, { email, name: "Ása O'Brien-Šimek \\x' & !" })
    const find = async (search: string) => {
      const query = `/v1/users?search=${encodeURIComponent(search)}`
      const { status, body } = await admin.as('GET', query)
      assert.is(status, 200, search)
      return (body.items as { id: string }[]).map((user) => user.id)
    }
    for (const search of [
      'ása',
      'ÁS',
      "o'bri",
      "O'BRIEN-Š",
      "o'b ás",
      email,
      email.toUpperCase(),
      id,
    ])
      assert.equal(await find(search), [id], search)
    for (const search of ['rien', 'ása nobody', email.slice(1), newId(), "':*", '& |'])
      assert.equal(await find(search), [], search)
    assert.equal(await find("\\x'"), [id])
    const all = await admin.as('GET', '/v1/users?size=2')
    assert.equal([all.body.items.length, all.body.items[0].id], [2, id])
    assert.ok(all.body.total > 2)
  })

  it('is no customer, organizer, steward or key', async () => {
    const { id } = await openAccount(users)
    const others = [
      users.ask,
      ...(await Promise.all(
        (['customer', 'organizer', 'steward', 'box-office'] as const).map(async (role) => {
          const other = await openAccount(users)
          await sql(`update users set roles = $2 where id = $1`, [other.id, [role]])
          const session = await logIn(users, other.email)
          const authorization = `Bearer ${session.body.accessToken}`
          return (method: string, path: string, body?: unknown) =>
            users.ask(method, path, body, { authorization })
        }),
      )),
    ]
    for (const [i, ask] of others.entries())
      for (const [method, path, body] of [
        ['GET', '/v1/users', undefined],
        ['PUT', `/v1/users/${id}/roles`, { roles: ['admin'] }],
        ['POST', `/v1/users/${id}/ban`, reason],
        ['POST', `/v1/users/${id}/unban`, reason],
        ['GET', '/v1/audit/users', undefined],
      ] as const)
        assert.is((await ask(method, path, body)).status, i === 0 ? 401 : 403, path)
  })
})

describe('the last admin', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('keeps his role, is not banned and does not erase himself, as long as he is the last', async () => {
    const admin = await openAdmin(users)
    const acts = [
      ['PUT', `/v1/users/${admin.id}/roles`, { roles: ['customer'] }],
      ['POST', `/v1/users/${admin.id}/ban`, reason],
      ['DELETE', '/v1/users/me', undefined],
    ] as const
    for (const [method, path, body] of acts) {
      const refused = await admin.as(method, path, body)
      assert.equal([refused.status, refused.body.code], [409, 'last-admin'], path)
    }
    const second = await openAdmin(users)
    assert.is((await admin.as('POST', `/v1/users/${second.id}/ban`, reason)).status, 200)
    const banned = await admin.as('PUT', `/v1/users/${admin.id}/roles`, { roles: [] })
    assert.is(banned.body.code, 'last-admin', 'a banned admin is none')
    await admin.as('POST', `/v1/users/${second.id}/unban`, reason)
    assert.is((await admin.as('DELETE', '/v1/users/me')).status, 204)
    assert.is((await second.as('DELETE', '/v1/users/me')).body.code, 'last-admin')
  })
})
