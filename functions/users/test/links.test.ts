import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { sweepLinks, sweepRequests } from '../links.ts'
import { sealPersonal } from '../personal.ts'
import {
  cookieOf,
  linkOf,
  logIn,
  look,
  newEmail,
  openAccount,
  openInstance,
  openUsers,
  password,
  refresh,
  requestReset,
  type Users,
} from './support.ts'

const changed = 'another correct horse'
let users: Users
let notifications: Ask
const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
const open = async () => {
  users = await openUsers()
  notifications = await users.asFunction('notifications')
}
const reset = (token: string, word = changed) =>
  users.ask('POST', '/v1/auth/reset', { token, password: word })

describe('a link that sets a new password', (it) => {
  it.before(open)
  it.after(() => users.close())

  it('works once, ends every session and proves the address', async () => {
    const { id, email, cookie, as } = await openAccount(users)
    const other = cookieOf(await logIn(users, email))
    await requestReset(users, email)
    const { body, status } = await notifications('GET', `/v1/links/${await linkOf(users, id)}`)
    assert.equal([status, body.purpose, body.email], [200, 'reset-password', email])
    assert.is((await reset(body.token)).status, 204)
    assert.is((await logIn(users, email)).body.code, 'wrong-credentials')
    assert.is((await logIn(users, email, changed)).status, 200)
    for (const one of [cookie, other])
      assert.is((await refresh(users, one)).body.code, 'session-ended')
    assert.is((await as('GET', '/v1/users/me')).body.emailVerified, true)
    const again = await reset(body.token, password)
    assert.equal([again.status, again.body.code], [400, 'link-invalid'])
    assert.is((await logIn(users, email, changed)).status, 200)
  })

  it('gives an imported user his first password', async () => {
    const id = newId()
    const email = newEmail()
    const sealed = sealPersonal(users.deps.seal, { id, email, phone: null })
    await sql(
      `insert into users (id, name, roles, email_sealed, email_fingerprint, external_id)
       values ($1, 'Imported', '{customer}', $2, $3, $4)`,
      [id, sealed.emailSealed, sealed.emailFingerprint, id],
    )
    await requestReset(users, email)
    const link = await notifications('GET', `/v1/links/${await linkOf(users, id)}`)
    assert.is((await reset(link.body.token)).status, 204)
    assert.is((await logIn(users, email, changed)).status, 200)
  })

  it('leaves its secret nowhere: neither in the database nor in what is published', async () => {
    const { id, email } = await openAccount(users)
    await requestReset(users, email)
    const linkId = await linkOf(users, id)
    const { token } = (await notifications('GET', `/v1/links/${linkId}`)).body
    const signature = token.split('.')[1]
    for (const table of ['links', 'outbox', 'reset_requests']) {
      const all: string = await sql(`select coalesce(string_agg(t::text, ''), '') from ${table} t`)
      assert.not.match(all, signature, table)
    }
    const told = await sql(
      `select payload from outbox where aggregateid = $1 and type = 'dev.boxoffice.link.issued.v1'`,
      [linkId],
    )
    assert.equal(told, { linkId, userId: id, purpose: 'reset-password' })
    for (const ask of [users.ask, await users.asFunction('orders'), await users.as(id, ['admin'])])
      assert.ok([401, 403].includes((await ask('GET', `/v1/links/${linkId}`)).status))
  })

  it('is refused when it is old, another kind’s, of another secret or made up', async () => {
    const { id, email } = await openAccount(users)
    const verify = await notifications('GET', `/v1/links/${await linkOf(users, id)}`)
    assert.is(verify.body.purpose, 'verify-email')
    await requestReset(users, email)
    const linkId = await linkOf(users, id)
    const { token } = (await notifications('GET', `/v1/links/${linkId}`)).body
    await sql(`update links set expires_at = now() where id = $1`, [linkId])
    assert.is((await notifications('GET', `/v1/links/${linkId}`)).status, 404)
    const made = `${newId()}.${token.split('.')[1]}`
    for (const one of [token, verify.body.token, made, `${token}x`, '', 'x.y', `${linkId}.`]) {
      const { status, body } = await reset(one)
      assert.equal([status, body.code], [400, 'link-invalid'], one)
    }
    await sql(`update links set expires_at = now() + interval '1 h' where id = $1`, [linkId])
    assert.is((await reset(token)).status, 204)
    await sql(`update links set expires_at = now() where user_id = $1`, [id])
    assert.ok((await sweepLinks(users.deps)) > 0)
  })

  it('goes with the others of its kind when the password changes, and is of no use to a banned one', async () => {
    const { id, email, as } = await openAccount(users)
    await requestReset(users, email)
    const { token } = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body
    const body = { currentPassword: password, password: changed }
    assert.is((await as('PUT', '/v1/users/me/password', body)).status, 204)
    assert.is((await reset(token)).body.code, 'link-invalid')
    await requestReset(users, email)
    const later = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body.token
    await sql(
      `update users set banned_at = now(), banned_by = id, ban_reason = 'x' where id = $1`,
      [id],
    )
    assert.is((await reset(later)).body.code, 'link-invalid')
  })
})

describe('asking for a link', (it) => {
  it.before(open)
  it.after(() => users.close())

  it('answers alike whether there is an account, none, a banned one or an erased one', async () => {
    const here = await openAccount(users)
    const erased = await openAccount(users)
    await erased.as('DELETE', '/v1/users/me')
    const answers = await Promise.all(
      [here.email, newEmail(), erased.email].map((email) =>
        users.ask('POST', '/v1/auth/reset-requests', { email }),
      ),
    )
    for (const { status, text } of answers) assert.equal([status, text], [202, ''])
  })

  it('does the same work for each while it is waited for: one row, and no look at the users', async () => {
    const frozen = openInstance(users.env)
    const seen: string[] = []
    const { query } = frozen.deps.database
    frozen.deps.database.query = async (which, values) => {
      seen.push(which.name)
      return query(which, values)
    }
    const { email } = await openAccount(users)
    const ask = async (address: string) => {
      seen.length = 0
      await frozen.ask('POST', '/v1/auth/reset-requests', { email: address })
      return [...seen]
    }
    assert.equal(await ask(email), ['reset-request'])
    assert.equal(await ask(newEmail()), ['reset-request'])
    await new Promise((resolve) => setTimeout(resolve, 200))
    await frozen.close()
  })

  it('mails three in an hour at most, however often it is asked', async () => {
    const { id, email } = await openAccount(users)
    for (let i = 0; i < 6; i++) {
      await requestReset(users, email)
      while ((await sweepRequests(users.deps)) > 0);
    }
    const count = `select count(*)::int from links where user_id = $1 and purpose = 'reset-password'`
    assert.is(await sql(count, [id]), 3)
  })

  it('is refused once too many wait', async () => {
    await sql(
      `insert into reset_requests select 'f' || i, now() + interval '1 day' from generate_series(1, 10000) i`,
    )
    const { status, body } = await users.ask('POST', '/v1/auth/reset-requests', {
      email: newEmail(),
    })
    assert.equal([status, body.code], [429, 'too-many-requests'])
    await sql(`delete from reset_requests`)
  })
})

describe('password and address', (it) => {
  it.before(open)
  it.after(() => users.close())

  it('the password changes for who knows it, and every other session ends', async () => {
    const { email, cookie, as } = await openAccount(users)
    const other = cookieOf(await logIn(users, email))
    const change = (currentPassword: string) =>
      as('PUT', '/v1/users/me/password', { currentPassword, password: changed })
    const refused = await change('not the password')
    assert.equal([refused.status, refused.body.code], [401, 'wrong-credentials'])
    assert.is((await change(password)).status, 204)
    assert.is((await refresh(users, cookie)).status, 200)
    assert.is((await refresh(users, other)).body.code, 'session-ended')
    assert.is((await logIn(users, email, changed)).status, 200)
    assert.is((await change(password)).body.code, 'wrong-credentials')
  })

  it('a new account is mailed a link that proves its address', async () => {
    const { id, as } = await openAccount(users)
    assert.is((await as('GET', '/v1/users/me')).body.emailVerified, false)
    const { token } = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body
    const verify = () => users.ask('POST', '/v1/auth/verify-email', { token })
    assert.is((await verify()).status, 204)
    assert.is((await as('GET', '/v1/users/me')).body.emailVerified, true)
    assert.is((await verify()).body.code, 'link-invalid')
    assert.is((await as('POST', '/v1/users/me/verification')).status, 202)
    assert.is(await linkOf(users, id), undefined, 'nothing is left to prove')
  })

  it('the address changes once the new one is proved', async () => {
    const { id, email, as } = await openAccount(users)
    const old = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body.token
    const fresh = newEmail()
    const ask = (word: string) => as('POST', '/v1/users/me/email', { email: fresh, password: word })
    assert.is((await ask('wrong')).body.code, 'wrong-credentials')
    assert.is((await ask(password)).status, 202)
    const link = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body
    assert.equal([link.purpose, link.email], ['change-email', fresh])
    assert.is((await as('GET', '/v1/users/me')).body.email, email)
    const confirm = () => users.ask('POST', '/v1/auth/confirm-email', { token: link.token })
    assert.is((await confirm()).status, 204)
    const { body } = await as('GET', '/v1/users/me')
    assert.equal([body.email, body.emailVerified, body.version], [fresh, true, 2])
    assert.is((await logIn(users, fresh)).status, 200)
    assert.is((await logIn(users, email)).body.code, 'wrong-credentials')
    assert.is((await confirm()).body.code, 'link-invalid')
    const stale = await users.ask('POST', '/v1/auth/verify-email', { token: old })
    assert.is(stale.body.code, 'link-invalid', 'it was mailed to the old address')
  })

  it('an address that somebody has is not taken, and nobody learns that he has it', async () => {
    const [one, other] = [await openAccount(users), await openAccount(users)]
    await sql(`delete from links`)
    const asked = await one.as('POST', '/v1/users/me/email', { email: other.email, password })
    assert.is(asked.status, 202)
    assert.is(await linkOf(users, one.id), undefined)
    const late = newEmail()
    await one.as('POST', '/v1/users/me/email', { email: late, password })
    const { token } = (await notifications('GET', `/v1/links/${await linkOf(users, one.id)}`)).body
    await openAccount(users, { email: late })
    const { status, body } = await users.ask('POST', '/v1/auth/confirm-email', { token })
    assert.equal([status, body.code], [409, 'email-taken'])
  })
})
