import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { createPasswords } from '../passwords.ts'
import { sealPersonal } from '../personal.ts'
import { sweepSessions } from '../sessions.ts'
import {
  cookieOf,
  logIn,
  look,
  newEmail,
  openAccount,
  openInstance,
  openUsers,
  password,
  refresh,
  type Users,
} from './support.ts'

describe('log in', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('gives an access token with the form that others check, and the cookie', async () => {
    const { session, id } = await openAccount(users)
    assert.is(session.status, 200)
    const { accessToken, ...rest } = session.body
    assert.equal(rest, { tokenType: 'Bearer', expiresIn: 900 })
    const header = decodeProtectedHeader(accessToken)
    assert.equal({ ...header, kid: '' }, { alg: 'EdDSA', typ: 'at+jwt', kid: '' })
    const { jti, iat = 0, exp = 0, sid, ...claims } = decodeJwt(accessToken)
    const { database } = users.deps
    assert.is(await look(database, `select id from sessions where user_id = $1`, [id]), sid)
    assert.equal(claims, { iss: 'boxoffice', aud: 'boxoffice', sub: id, roles: ['customer'] })
    assert.match(String(jti), /^[0-9a-f-]{36}$/)
    assert.is(exp - iat, 900)
    assert.is(session.headers.get('cache-control'), 'no-store')
    const cookie = session.headers.get('set-cookie') ?? ''
    const attributes = cookie.split('; ')
    assert.match(attributes[0] ?? '', /^boxoffice_refresh=[\w-]{43}$/)
    assert.equal(attributes.slice(1).toSorted(), [
      'HttpOnly',
      'Max-Age=2592000',
      'Path=/v1/auth',
      'SameSite=Strict',
    ])
  })

  it('marks the cookie Secure where the setting says so', async () => {
    const secure = openInstance({ ...users.env, COOKIE_SECURE: 'on' })
    const { email } = await openAccount(users)
    const session = await logIn(secure, email)
    assert.match(session.headers.get('set-cookie') ?? '', '; Secure')
    await secure.close()
  })

  it('takes the address in any case and the password exactly', async () => {
    const { email } = await openAccount(users)
    assert.is((await logIn(users, email.toUpperCase())).status, 200)
    assert.is((await logIn(users, email, password.toUpperCase())).status, 401)
    assert.is((await logIn(users, email, `${password} `)).status, 401)
  })

  it('takes a password typed with other code points for the same letters', async () => {
    const { email } = await openAccount(users, { password: 'caf\u00e9 caf\u00e9' })
    assert.is((await logIn(users, email, 'cafe\u0301 cafe\u0301')).status, 200)
  })

  it('raises the cost of a password at the next log-in when the settings were raised', async () => {
    const { email, id } = await openAccount(users)
    const dearer = openInstance({ ...users.env, ARGON_MEMORY_KIB: '128', ARGON_PASSES: '2' })
    const form = () =>
      look(users.deps.database, `select password_hash from credentials where user_id = $1`, [id])
    assert.match(await form(), '$m=64,t=1,p=1$')
    assert.is((await logIn(dearer, email, 'wrong')).status, 401)
    assert.match(await form(), '$m=64,t=1,p=1$')
    assert.is((await logIn(dearer, email)).status, 200)
    assert.match(await form(), '$m=128,t=2,p=1$')
    assert.is((await logIn(dearer, email)).status, 200)
    await dearer.close()
  })
})

describe('log in refuses', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers({ ARGON_MEMORY_KIB: '19456', ARGON_PASSES: '2' })))
  it.after(() => users.close())

  async function importedUser(): Promise<string> {
    const id = newId()
    const email = newEmail()
    const { emailSealed, emailFingerprint } = sealPersonal(users.deps.seal, {
      id,
      email,
      phone: null,
    })
    await look(
      users.deps.database,
      `insert into users (id, name, roles, email_sealed, email_fingerprint, external_id)
       values ($1, 'Imported', '{customer}', $2, $3, $4)`,
      [id, emailSealed, emailFingerprint, id],
    )
    return email
  }

  it('the unknown, the one without a password and the wrong password with the same answer', async () => {
    const { email } = await openAccount(users)
    const answers = [
      await logIn(users, newEmail()),
      await logIn(users, await importedUser()),
      await logIn(users, email, 'wrong password'),
    ]
    for (const { status, body, headers } of answers) {
      assert.is(status, 401)
      assert.is(body.code, 'wrong-credentials')
      assert.is(headers.get('set-cookie'), null)
    }
    const [one, ...others] = answers.map(({ body: { correlationId: _, ...rest } }) => rest)
    for (const other of others) assert.equal(other, one)
  })

  it('them after the same work', async () => {
    const { email } = await openAccount(users)
    const imported = await importedUser()
    const ms = async (address: string) => {
      const times: number[] = []
      for (let i = 0; i < 7; i++) {
        const start = performance.now()
        await logIn(users, address, 'wrong password')
        times.push(performance.now() - start)
      }
      return times.toSorted((a, b) => a - b)[2] as number
    }
    const wrong = await ms(email)
    for (const other of [await ms(newEmail()), await ms(imported)])
      assert.ok(other > wrong / 2 && other < wrong * 2, `${other} ms, wrong password ${wrong} ms`)
    // Without the hash it would be a round trip to the database: some milliseconds at most.
    assert.ok(wrong > 10, `${wrong} ms`)
  })

  it('everything where a hash is compared with nothing', async () => {
    const passwords = createPasswords({ memoryKib: 64, passes: 1, atOnce: 1, waitingMax: 1 })
    assert.is(await passwords.matches('', null), false)
    assert.is(await passwords.matches('x', await passwords.hash('x')), true)
  })
})

describe('refresh', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)

  /** Moves every rotation of a user's sessions into the past, beyond the grace. */
  const endGrace = (userId: string) =>
    sql(
      `update refresh_tokens set rotated_at = rotated_at - interval '11 s'
       where session_id in (select id from sessions where user_id = $1)`,
      [userId],
    )

  it('exchanges the token for another, which works the same way', async () => {
    const { cookie, id, session } = await openAccount(users)
    const second = await refresh(users, cookie)
    const third = await refresh(users, cookieOf(second))
    for (const { status, body } of [second, third]) {
      assert.is(status, 200)
      assert.is(decodeJwt(body.accessToken).sub, id)
      assert.is(decodeJwt(body.accessToken).sid, decodeJwt(session.body.accessToken).sid)
    }
    assert.is(new Set([cookie, cookieOf(second), cookieOf(third)]).size, 3)
  })

  it('keeps tokens by their hash only', async () => {
    const { cookie } = await openAccount(users)
    const successor = cookieOf(await refresh(users, cookie))
    const all: string = await sql(
      `select string_agg(row_to_json(t)::text, '') from refresh_tokens t`,
    )
    for (const one of [cookie, successor]) assert.not.match(all, one.split('=')[1] as string)
  })

  it('gives the same successor again within the grace, because an answer may be lost', async () => {
    const { cookie } = await openAccount(users)
    const first = await refresh(users, cookie)
    const again = await refresh(users, cookie)
    assert.is(again.status, 200)
    assert.is(cookieOf(again), cookieOf(first))
    assert.is((await refresh(users, cookieOf(again))).status, 200)
  })

  it('ends the whole session when a rotated token comes after the grace', async () => {
    const { cookie, id, email } = await openAccount(users)
    const other = cookieOf(await logIn(users, email))
    const second = cookieOf(await refresh(users, cookie))
    await endGrace(id)
    const reused = await refresh(users, cookie)
    assert.is(reused.status, 401)
    assert.is(reused.body.code, 'session-ended')
    assert.is((await refresh(users, second)).body.code, 'session-ended')
    assert.is((await refresh(users, other)).status, 200)
  })

  it('ends the session when an older ancestor comes again', async () => {
    const { cookie, id } = await openAccount(users)
    const second = cookieOf(await refresh(users, cookie))
    const third = cookieOf(await refresh(users, second))
    await endGrace(id)
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
    assert.is((await refresh(users, third)).body.code, 'session-ended')
  })

  it('is over with the session, which no refresh makes longer', async () => {
    const { cookie, id } = await openAccount(users)
    await sql(`update sessions set expires_at = now() + interval '1 hour' where user_id = $1`, [id])
    const second = await refresh(users, cookie)
    const [, maxAge] = /Max-Age=(\d+)/.exec(second.headers.get('set-cookie') ?? '') ?? []
    assert.ok(Number(maxAge) <= 3600 && Number(maxAge) > 3500, `${maxAge} s`)
    await sql(`update sessions set expires_at = now() where user_id = $1`, [id])
    assert.is((await refresh(users, cookieOf(second))).body.code, 'session-ended')
  })

  it('uses the roles of today, and refuses who is erased', async () => {
    const { cookie, id, as } = await openAccount(users)
    await sql(`update users set roles = '{customer,steward}' where id = $1`, [id])
    const second = await refresh(users, cookie)
    assert.equal(decodeJwt(second.body.accessToken).roles, ['customer', 'steward'])
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
    assert.is((await refresh(users, cookieOf(second))).body.code, 'session-ended')
  })

  it('refuses no cookie, a made-up one and an access token in its place', async () => {
    const { session } = await openAccount(users)
    const tries = ['', 'boxoffice_refresh=', 'boxoffice_refresh=x'.padEnd(60, 'y')]
    for (const cookie of [...tries, `boxoffice_refresh=${session.body.accessToken}`]) {
      const { status, body } = await refresh(users, cookie)
      assert.is(status, 401)
      assert.is(body.code, 'session-ended')
    }
  })

  it('ends at log-out, which answers 204 to anybody and clears the cookie', async () => {
    const { cookie } = await openAccount(users)
    const successor = cookieOf(await refresh(users, cookie))
    for (const one of [successor, successor, 'boxoffice_refresh=x', '']) {
      const { status, headers } = await users.ask('POST', '/v1/auth/logout', undefined, {
        cookie: one,
      })
      assert.is(status, 204)
      assert.match(
        headers.get('set-cookie') ?? '',
        /^boxoffice_refresh=; Max-Age=0; Path=\/v1\/auth/,
      )
    }
    assert.is((await refresh(users, successor)).body.code, 'session-ended')
    assert.is((await refresh(users, cookie)).body.code, 'session-ended')
  })

  it('leaves nothing behind: the sweep deletes what has expired and nothing else', async () => {
    const [gone, here] = [await openAccount(users), await openAccount(users)]
    await refresh(users, gone.cookie)
    await sql(`update sessions set expires_at = now() where user_id = $1`, [gone.id])
    const before = await sql(`select count(*)::int from refresh_tokens`)
    assert.ok((await sweepSessions(users.deps)) > 0)
    while ((await sweepSessions(users.deps)) > 0);
    assert.is(await sql(`select count(*)::int from sessions where user_id = $1`, [gone.id]), 0)
    assert.is(await sql(`select count(*)::int from sessions where user_id = $1`, [here.id]), 1)
    assert.ok((await sql(`select count(*)::int from refresh_tokens`)) <= before - 2)
    assert.is((await refresh(users, here.cookie)).status, 200)
  })
})
