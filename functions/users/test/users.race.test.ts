import { randomUUID } from 'node:crypto'
import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { hashOf } from '../refresh-token.ts'
import { openSession } from '../store/sessions.ts'
import { lockKeys } from '../store/signing-keys.ts'
import {
  cookieOf,
  logIn,
  look,
  newEmail,
  openAccount,
  openCrowd,
  openInstance,
  openUsers,
  password,
  refresh,
  type Users,
} from './support.ts'

const atOnce = 20
const times = <Result>(count: number, work: (i: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

describe('many registrations with one address', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  it('open one account, and all others are told that it is taken', async () => {
    const email = newEmail()
    const answers = await times(atOnce, (i) =>
      users.ask('POST', '/v1/users', { email, password, name: `Buyer ${i}` }),
    )
    const won = answers.filter(({ status }) => status === 201)
    const lost = answers.filter(({ body }) => body.code === 'email-taken')
    assert.is(won.length, 1)
    assert.is(lost.length, atOnce - 1)
    const told = await look(
      users.deps.database,
      `select count(*)::int from outbox where type = 'dev.boxoffice.user.registered.v2'`,
    )
    assert.is(told, 1, 'one event')
    const rows = await look(
      users.deps.database,
      `select count(*)::int from users u join credentials c on c.user_id = u.id`,
    )
    assert.is(rows, 1)
  })

  it('the twin: looking first and then writing, without the index, opens many', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (id uuid, fingerprint text)`)
    const see = statement('twin-see', `select id from unguarded where fingerprint = $1`)
    const write = statement('twin-write', `insert into unguarded values ($1, $2)`)
    const seen = await times(atOnce, () => database.query(see, ['one']))
    for (const { length } of seen) if (length === 0) await database.query(write, [newId(), 'one'])
    const rows = await look(database, `select count(*)::int from unguarded`)
    assert.ok(rows > 1, `${rows} accounts`)
  })
})

describe('several instances that need the first key', (it) => {
  let users: Users
  let instances: ReturnType<typeof openInstance>[] = []
  it.before(async () => {
    users = await openUsers()
    instances = Array.from({ length: 8 }, () => openInstance(users.env))
    await Promise.all(instances.map(({ deps }) => deps.database.ping()))
  })
  it.after(async () => {
    await Promise.all(instances.map((instance) => instance.close()))
    await users.close()
  })

  it('make one between them, and each takes the tokens of the others', async () => {
    const keys = await Promise.all(instances.map(({ deps }) => deps.keys.signing()))
    assert.is(new Set(keys.map(({ kid }) => kid)).size, 1)
    assert.is(await look(users.deps.database, `select count(*)::int from signing_keys`), 1)
    const { as } = await openAccount(instances[0] as Users)
    assert.is((await as('GET', '/v1/users/me')).status, 200)
    const { session } = await openAccount(instances[1] as Users)
    const authorization = `Bearer ${session.body.accessToken}`
    const elsewhere = await instances[2]?.ask('GET', '/v1/users/me', undefined, { authorization })
    assert.is(elsewhere?.status, 200)
  })

  it('find the key of the one they waited for, though it is younger than their own transaction', async () => {
    const { database } = users.deps
    await look(database, `delete from signing_keys`)
    const insert = statement(
      'test-key',
      `insert into signing_keys (kid, public_jwk, private_sealed, signs_from)
       values ('younger', '{"kid": "younger"}', 'sealed', clock_timestamp())`,
    )
    const { published } = await database.transaction(async (tx) => {
      await lockKeys(tx)
      const waiting = users.deps.keys.published()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await tx.query(insert)
      return { published: waiting }
    })
    assert.equal(await published, [{ kid: 'younger' }])
  })

  it('the twin: without the lock each makes its own', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (kid text)`)
    const see = statement('twin-keys', `select kid from unguarded`)
    const write = statement('twin-key', `insert into unguarded values ($1)`)
    const seen = await times(4, () => database.query(see))
    for (const { length } of seen) if (length === 0) await database.query(write, [randomUUID()])
    const made = await look(database, `select count(*)::int from unguarded`)
    assert.ok(made > 1, `${made} keys`)
  })
})

describe('one refresh token in many requests at once', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const tokensOf = (userId: string) =>
    sql(
      `select count(*)::int from refresh_tokens t join sessions s on s.id = t.session_id
       where s.user_id = $1`,
      [userId],
    )
  const leaveGrace = (cookie: string) =>
    sql(
      `update refresh_tokens set rotated_at = now() - interval '11 s' where hash = $1 returning 1`,
      [hashOf(cookie.split('=')[1] as string)],
    )

  const lockSession = statement(
    'test-lock-session',
    `select from sessions where user_id = $1 for update`,
  )

  /** Holds the session until every request has begun and waits for it: none comes late enough to win alone. */
  async function allAtOnce(userId: string, cookies: string[]) {
    const { answers } = await users.deps.database.transaction(async (tx) => {
      await tx.query(lockSession, [userId])
      const waiting = Promise.all(cookies.map((cookie) => refresh(users, cookie)))
      await new Promise((resolve) => setTimeout(resolve, 100))
      return { answers: waiting }
    })
    return answers
  }

  it('has one successor, which all of them get', async () => {
    const { cookie, id } = await openAccount(users)
    const crowd = Array.from({ length: atOnce - 1 }, () => cookie)
    const answers = await allAtOnce(id, crowd)
    assert.is(answers.filter(({ status }) => status === 200).length, crowd.length)
    assert.is(new Set(answers.map(cookieOf)).size, 1)
    assert.is(await tokensOf(id), 2)
    assert.is((await refresh(users, cookieOf(answers[0] as never))).status, 200)
  })

  it('ends its session once when it is stolen, and no token of it lives on', async () => {
    for (const isThiefFirst of [0, 1, 0, 1]) {
      const { cookie, id } = await openAccount(users)
      const second = cookieOf(await refresh(users, cookie))
      assert.is(await leaveGrace(cookie), 1)
      // The thief has the first, the user the second: both come at once, and several times.
      const crowd = Array.from({ length: 8 }, (_, i) => (i % 2 === isThiefFirst ? cookie : second))
      const answers = await allAtOnce(id, crowd)
      for (const { status, body } of answers)
        assert.ok(status === 200 || body.code === 'session-ended', `${status}`)
      for (const answer of answers.filter(({ status }) => status === 200))
        assert.is((await refresh(users, cookieOf(answer))).body.code, 'session-ended')
      assert.is(await tokensOf(id), 0)
    }
  })

  it('the twin: reading and then writing, without the locks, makes many successors', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (parent int, rotated_at timestamptz)`)
    await look(database, `insert into unguarded values (0, null)`)
    const see = statement('twin-fresh', `select rotated_at from unguarded where parent = 0`)
    const write = statement(
      'twin-rotate',
      `with old as (update unguarded set rotated_at = now() where parent = 0)
       insert into unguarded values (1, null)`,
    )
    const seen = await times(atOnce, () => database.query<{ rotated_at: Date | null }>(see))
    for (const [token] of seen) if (token?.rotated_at === null) await database.query(write)
    const made = await look(database, `select count(*)::int from unguarded where parent = 1`)
    assert.ok(made > 1, `${made} successors`)
  })

  it('the twin: without the row of the session, a revocation misses the token that is being made', async () => {
    const { database } = users.deps
    await look(database, `create table loose (family int, token text)`)
    await look(database, `insert into loose values (1, 'second')`)
    const write = statement('twin-successor', `insert into loose values (1, 'third')`)
    await database.transaction(async (tx) => {
      await tx.query(write)
      await look(database, `delete from loose where family = 1`)
    })
    assert.is(await look(database, `select string_agg(token, ',') from loose`), 'third')
  })
})

describe('a log-in while the user is erased', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  const erase = statement(
    'twin-erase',
    `update users set name = null, email_sealed = null, email_fingerprint = null, phone_sealed = null,
       erased_at = now() where id = $1`,
  )

  it('leaves no session behind', async () => {
    await times(10, async () => {
      const { as, email, id } = await openAccount(users)
      const [erased, ...sessions] = await Promise.all([
        as('DELETE', '/v1/users/me'),
        ...Array.from({ length: 5 }, () => logIn(users, email)),
      ])
      assert.is(erased.status, 204)
      // 503: it waited for the row for longer than its limit, and had no effect.
      for (const { status } of sessions) assert.ok([200, 401, 503].includes(status), `${status}`)
      const left = await look(
        users.deps.database,
        `select count(*)::int from sessions where user_id = $1`,
        [id],
      )
      assert.is(left, 0)
    })
  })

  it('waits for an erasure that is under way, and then finds nobody', async () => {
    const { id } = await openAccount(users)
    const session = { id: newId(), userId: id, hash: hashOf('a'), days: 1 }
    const opening = await users.deps.database.transaction(async (tx) => {
      await tx.query(erase, [id])
      const waiting = openSession(users.deps.database, session)
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { waiting }
    })
    assert.is(await opening.waiting, undefined)
  })

  it('the twin: without the lock on the user it opens a session for nobody', async () => {
    const { id } = await openAccount(users)
    const unguarded = statement(
      'twin-open',
      `insert into sessions (id, user_id, expires_at)
       select $2, id, now() + interval '1 day' from users where id = $1 and erased_at is null returning 1`,
    )
    const opening = await users.deps.database.transaction(async (tx) => {
      await tx.query(erase, [id])
      const waiting = users.deps.database.query(unguarded, [id, newId()])
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { waiting }
    })
    assert.is((await opening.waiting).length, 1)
  })
})
