import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { sealImported } from '../personal.ts'
import { logIn, look, openAccount, openUsers, password, refresh, type Users } from './support.ts'

describe('the signed-in user', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)

  it('sees himself, and nobody sees him without a token', async () => {
    const { as, id, email } = await openAccount(users)
    const { status, body, headers } = await as('GET', '/v1/users/me')
    assert.is(status, 200)
    assert.is(headers.get('etag'), '"1"')
    assert.is(body.id, id)
    assert.is(body.email, email)
    assert.is(body.phone, null)
    for (const [method, path] of [
      ['GET', '/v1/users/me'],
      ['PATCH', '/v1/users/me'],
      ['DELETE', '/v1/users/me'],
      ['GET', '/v1/users/me/export'],
    ] as const) {
      const refused = await users.ask(method, path)
      assert.is(refused.status, 401)
      assert.is(refused.body.code, 'not-signed-in')
    }
  })

  it('changes name and number, and each change has its version and its event', async () => {
    const { as, id } = await openAccount(users)
    const named = await as('PATCH', '/v1/users/me', { name: 'Asha R.' }, { 'if-match': '"1"' })
    assert.is(named.status, 200)
    assert.is(named.headers.get('etag'), '"2"')
    assert.is(named.body.name, 'Asha R.')
    const phoned = await as('PATCH', '/v1/users/me', { phone: '+91 98765 43210' })
    assert.is(phoned.body.phone, '+91 98765 43210')
    assert.is(phoned.body.name, 'Asha R.')
    const silent = await as('PATCH', '/v1/users/me', { phone: null })
    assert.is(silent.body.phone, null)
    assert.equal(silent.body, (await as('GET', '/v1/users/me')).body)
    const events = await sql(
      `select jsonb_agg(payload->'version' order by id) from outbox
       where aggregateid = $1 and type = 'dev.boxoffice.user.updated.v2'`,
      [id],
    )
    assert.equal(events, [2, 3, 4])
  })

  it('refuses a change of what he no longer sees', async () => {
    const { as } = await openAccount(users)
    await as('PATCH', '/v1/users/me', { name: 'Second' })
    for (const stale of ['"1"', '"3"', 'W/"2"', '2', 'nonsense']) {
      const { status, body } = await as(
        'PATCH',
        '/v1/users/me',
        { name: 'x' },
        { 'if-match': stale },
      )
      assert.is(status, 412, stale)
      assert.is(body.code, 'version-stale')
      assert.is(body.version, 2)
    }
    assert.is((await as('GET', '/v1/users/me')).body.name, 'Second')
    for (const fresh of ['"2"', '*', '"9", "4"']) {
      const { status } = await as('PATCH', '/v1/users/me', { name: 'y' }, { 'if-match': fresh })
      assert.is(status, 200, fresh)
    }
  })

  it('changes neither roles nor address, and nothing at all is no change', async () => {
    const { as } = await openAccount(users)
    for (const body of [{ roles: ['admin'] }, { email: 'x@example.com' }, { version: 9 }, {}]) {
      const refused = await as('PATCH', '/v1/users/me', body)
      assert.is(refused.status, 400)
      assert.is(refused.body.code, 'invalid-request')
    }
  })

  it('takes everything with him that is kept of him, but no secret', async () => {
    const { as, id, email } = await openAccount(users)
    await logIn(users, email)
    const row = { user_id: '7', name: 'User7', email: 'old@example.com' }
    await sql(`update users set external_id = '7', imported_sealed = $2 where id = $1`, [
      id,
      sealImported(users.deps.seal, id, row),
    ])
    const { status, body, text } = await as('GET', '/v1/users/me/export')
    assert.is(status, 200)
    assert.is(body.user.email, email)
    assert.is(body.sessions.length, 2)
    assert.equal(body.imported, row)
    assert.not.match(text, 'argon2')
  })

  it('is erased: the person goes, the row stays, the address is free again', async () => {
    const { as, id, email, cookie } = await openAccount(users, { phone: '+91 98765 43210' })
    const erased = await as('DELETE', '/v1/users/me')
    assert.is(erased.status, 204)
    assert.match(erased.headers.get('set-cookie') ?? '', 'boxoffice_refresh=; Max-Age=0')
    const row = await sql(`select to_jsonb(u) from users u where id = $1`, [id])
    const { erased_at, created_at, ...rest } = row
    assert.ok(erased_at >= created_at)
    assert.equal(rest, {
      id,
      name: null,
      roles: [],
      email_sealed: null,
      email_fingerprint: null,
      phone_sealed: null,
      imported_sealed: null,
      external_id: null,
      email_verified_at: null,
      banned_at: null,
      banned_by: null,
      ban_reason: null,
      name_words: null,
      version: 2,
    })
    for (const table of ['credentials', 'sessions'])
      assert.is(await sql(`select count(*)::int from ${table} where user_id = $1`, [id]), 0)
    const event = await sql(
      `select payload from outbox where aggregateid = $1 and type = 'dev.boxoffice.user.erased.v1'`,
      [id],
    )
    assert.equal(event, { userId: id, version: 2 })
    const told: string = await sql(
      `select string_agg(o::text, '') from outbox o where payload->>'userId' = $1`,
      [id],
    )
    for (const word of [email, 'Asha']) assert.not.match(told, word)
    assert.is(await sql(`select count(*)::int from links where user_id = $1`, [id]), 0)
    assert.is((await logIn(users, email)).body.code, 'wrong-credentials')
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
    const again = await users.ask('POST', '/v1/users', { email, password, name: 'Anew' })
    assert.is(again.status, 201)
  })

  it('is gone for his own token as well, as long as it lasts', async () => {
    const { as } = await openAccount(users)
    await as('DELETE', '/v1/users/me')
    for (const [method, path, body] of [
      ['GET', '/v1/users/me', undefined],
      ['PATCH', '/v1/users/me', { name: 'x' }],
      ['DELETE', '/v1/users/me', undefined],
      ['GET', '/v1/users/me/export', undefined],
    ] as const) {
      const refused = await as(method, path, body)
      assert.is(refused.status, 404, `${method} ${path}`)
      assert.is(refused.body.code, 'not-found')
    }
  })
})
