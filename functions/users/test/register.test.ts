import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { ensureAdmin } from '../bootstrap.ts'
import { logIn, look, newEmail, openAccount, openUsers, password, type Users } from './support.ts'

describe('register', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  const sql = (text: string, values: unknown[]) => look(users.deps.database, text, values)

  it('opens an account for a customer and tells of it in the same transaction', async () => {
    const email = newEmail()
    const { status, body, headers } = await users.ask('POST', '/v1/users', {
      email: `  ${email.toUpperCase()} `,
      password,
      name: 'Asha Rao',
      phone: '+91 98765 43210',
    })
    assert.is(status, 201)
    assert.is(headers.get('etag'), '"1"')
    const { id, createdAt, ...rest } = body
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
    assert.equal(rest, {
      email,
      name: 'Asha Rao',
      emailVerified: false,
      phone: '+91 98765 43210',
      roles: ['customer'],
      version: 1,
    })
    const event = await sql(
      `select to_jsonb(o) from outbox o join outbox_unsent using (id) where aggregateid = $1`,
      [id],
    )
    assert.is(event.type, 'dev.boxoffice.user.registered.v2')
    const { contactSealed, ...open } = event.payload
    assert.equal(open, { userId: id, roles: ['customer'], version: 1 })
    assert.equal(users.deps.contacts.open(id, contactSealed), { name: 'Asha Rao', email })
    assert.throws(() => users.deps.contacts.open(newId(), contactSealed))
  })

  it('keeps neither address, number nor password in clear', async () => {
    const { id, email } = await openAccount(users, { phone: '+91 98765 43210' })
    const rows: string = await sql(
      `select row_to_json(u)::text || row_to_json(c)::text from users u
         join credentials c on c.user_id = u.id where u.id = $1`,
      [id],
    )
    assert.not.match(rows, email)
    assert.not.match(rows, '98765')
    assert.not.match(rows, password)
    assert.match(rows, '$argon2id$v=19$m=64,t=1,p=1$')
  })

  it('refuses an address that is taken, whatever its case', async () => {
    const { email } = await openAccount(users)
    const second = await users.ask('POST', '/v1/users', {
      email: email.toUpperCase(),
      password,
      name: 'Another',
    })
    assert.is(second.status, 409)
    assert.is(second.body.code, 'email-taken')
    assert.is(
      await sql(`select count(*)::int from outbox where payload->>'name' = $1`, ['Another']),
      0,
    )
  })

  it('takes no role from the client, and names every error at once', async () => {
    const { status, body } = await users.ask('POST', '/v1/users', {
      email: 'x',
      password: 'short',
      name: ' ',
      roles: ['admin'],
    })
    assert.is(status, 400)
    assert.is(body.code, 'invalid-request')
    const pointers = body.errors.map((error: { pointer: string }) => error.pointer)
    assert.equal(pointers.toSorted(), ['#', '#/email', '#/name', '#/password'])
  })

  it('keeps personal columns of one user from opening in the row of another', async () => {
    const [one, other] = [await openAccount(users), await openAccount(users)]
    await sql(
      `update users set email_sealed = (select email_sealed from users where id = $1) where id = $2`,
      [one.id, other.id],
    )
    const { status, body } = await other.as('GET', '/v1/users/me')
    assert.is(status, 500)
    assert.is(body.code, 'internal')
  })

  it('refuses with 429 when too many passwords wait, and lets the others in', async () => {
    const busy = await openUsers({ ARGON_AT_ONCE: '1', ARGON_WAITING_MAX: '2', ARGON_PASSES: '3' })
    try {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          busy.ask('POST', '/v1/users', { email: newEmail(), password, name: 'One of ten' }),
        ),
      )
      const refused = answers.filter(({ status }) => status === 429)
      assert.is(answers.filter(({ status }) => status === 201).length, 3)
      assert.is(refused.length, 7)
      assert.is(refused[0]?.body.code, 'too-many-requests')
      assert.is(refused[0]?.headers.get('retry-after'), '1')
    } finally {
      await busy.close()
    }
  })
})

describe('the first admin', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('is made once, however many ask, and can log in', async () => {
    const admins = Array.from({ length: 5 }, () => ({ email: newEmail(), name: 'Admin', password }))
    const made = await Promise.all(admins.map((admin) => ensureAdmin(users.deps, admin)))
    assert.is(made.filter(Boolean).length, 1)
    const { email = '' } = admins[made.indexOf(true)] ?? {}
    const session = await logIn(users, email)
    assert.is(session.status, 200)
    const me = await users.ask('GET', '/v1/users/me', undefined, {
      authorization: `Bearer ${session.body.accessToken}`,
    })
    assert.equal(me.body.roles, ['admin', 'organizer', 'customer'])
    assert.is(await ensureAdmin(users.deps, { email: newEmail(), name: 'Late', password }), false)
  })
})
