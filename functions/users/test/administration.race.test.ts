import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { hashOf } from '../refresh-token.ts'
import { openSession } from '../store/sessions.ts'
import {
  cookieOf,
  logIn,
  look,
  openAccount,
  openAdmin,
  openCrowd,
  refresh,
  type Users,
} from './support.ts'

const reason = { reason: 'a race' }
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('two admins who shut out each other', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  it('leave one', async () => {
    for (let round = 0; round < 6; round++) {
      await look(users.deps.database, `update users set roles = '{customer}'`)
      const [one, other] = [await openAdmin(users), await openAdmin(users)]
      const roles = { roles: ['customer'] }
      const answers = await Promise.all([
        one.as('POST', `/v1/users/${other.id}/ban`, reason),
        other.as('PUT', `/v1/users/${one.id}/roles`, roles),
        one.as('DELETE', '/v1/users/me'),
        other.as('DELETE', '/v1/users/me'),
      ])
      for (const { status, body } of answers)
        assert.ok(
          [200, 204, 503].includes(status) || ['last-admin', 'not-found'].includes(body.code),
          `${status} ${body?.code}`,
        )
      const left = await look(
        users.deps.database,
        `select count(*)::int from users where 'admin' = any(roles) and erased_at is null and banned_at is null`,
      )
      assert.ok(left >= 1, `${left} admins are left`)
    }
  })

  it('the twin: each counts the other before either is gone, and none is left', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (id int, is_admin boolean)`)
    await look(database, `insert into unguarded values (1, true), (2, true)`)
    const count = statement('twin-count', `select 1 from unguarded where is_admin and id <> $1`)
    const ban = statement('twin-ban', `update unguarded set is_admin = false where id = $1`)
    const seen = await Promise.all([1, 2].map((id) => database.query(count, [id])))
    for (const [i, { length }] of seen.entries()) if (length > 0) await database.query(ban, [i + 1])
    assert.is(await look(database, `select count(*)::int from unguarded where is_admin`), 0)
  })
})

describe('a ban while the user refreshes and logs in', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  const sessionsOf = (id: string) =>
    look(users.deps.database, `select count(*)::int from sessions where user_id = $1`, [id])

  it('leaves no session, and no refresh token that still works', async () => {
    const admin = await openAdmin(users)
    for (let round = 0; round < 8; round++) {
      const { id, email, cookie } = await openAccount(users)
      const [banned, ...others] = await Promise.all([
        admin.as('POST', `/v1/users/${id}/ban`, reason),
        refresh(users, cookie),
        logIn(users, email),
        refresh(users, cookie),
        logIn(users, email),
      ])
      assert.ok([200, 503].includes(banned.status), `${banned.status}`)
      if (banned.status === 503) continue
      for (const { status } of others) assert.ok([200, 401, 403, 503].includes(status), `${status}`)
      assert.is(await sessionsOf(id), 0)
      for (const answer of others.filter(({ status }) => status === 200))
        assert.is((await refresh(users, cookieOf(answer))).body.code, 'session-ended')
    }
  })

  const ban = statement(
    'test-ban',
    `update users set banned_at = now(), banned_by = id, ban_reason = 'x' where id = $1`,
  )

  it('is waited for by a log-in that has begun, which then finds him banned', async () => {
    const { id } = await openAccount(users)
    const session = { id: newId(), userId: id, hash: hashOf('a'), days: 1 }
    const { waiting } = await users.deps.database.transaction(async (tx) => {
      await tx.query(ban, [id])
      const opening = openSession(users.deps.database, session)
      await pause()
      return { waiting: opening }
    })
    assert.is(await waiting, undefined)
  })

  it('the twin: without the lock on the user it opens a session for a banned one', async () => {
    const { id } = await openAccount(users)
    const unguarded = statement(
      'twin-open',
      `insert into sessions (id, user_id, expires_at)
       select $2, id, now() + interval '1 day' from users where id = $1 and banned_at is null
       returning 1`,
    )
    const { waiting } = await users.deps.database.transaction(async (tx) => {
      await tx.query(ban, [id])
      const opening = users.deps.database.query(unguarded, [id, newId()])
      await pause()
      return { waiting: opening }
    })
    assert.is((await waiting).length, 1)
  })
})
