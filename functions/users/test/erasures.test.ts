import * as assert from 'uvu/assert'
import { keepers } from '../../../contracts/personal-data.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { sweepErasures } from '../erasures.ts'
import { look, openAccount, openUsers, refresh, type Users } from './support.ts'

describe('an erasure', (it) => {
  let users: Users
  let admin: Awaited<ReturnType<typeof openAccount>>
  it.before(async () => {
    users = await openUsers()
    const account = await openAccount(users)
    await sql(`update users set roles = '{admin}' where id = $1 returning 1`, [account.id])
    const { body } = await refresh(users, account.cookie)
    const as = (method: string, path: string) =>
      users.ask(method, path, undefined, { authorization: `Bearer ${body.accessToken}` })
    admin = { ...account, as }
  })
  it.after(() => users.close())

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const progress = (id: string) => admin.as('GET', `/v1/users/${id}/erasure`)
  const asks = (method: string, id: string) =>
    users.keepers.asked.filter((one) => one.startsWith(method) && one.endsWith(id)).length
  /** As if the time had come to ask again. */
  const sweepNow = async () => {
    await sql(
      `with due as (update erasures set due_at = now() where due_at is not null returning 1)
       select count(*) from due`,
    )
    while ((await sweepErasures(users.deps)) > 0);
  }

  it('asks every function to forget, and says how far it is', async () => {
    const { as, id } = await openAccount(users)
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
    await sweepNow()
    const { body } = await progress(id)
    assert.equal(
      body.functions.map((one: any) => one.function),
      keepers.toSorted(),
    )
    for (const one of body.functions) {
      assert.ok(one.forgottenAt >= body.askedAt, one.function)
      assert.is(one.open, 0)
    }
    assert.ok(body.forgottenAt)
    assert.is((await progress(newId())).body.code, 'not-found')
    assert.is((await progress(admin.id)).body.code, 'not-found')
  })

  it('is refused while an order or an event is not over, and says which', async () => {
    const { as } = await openAccount(users)
    const open = [{ what: 'order' as const, id: newId() }]
    users.keepers.open = { orders: open }
    const refused = await as('DELETE', '/v1/users/me')
    assert.equal(
      [refused.status, refused.body.code, refused.body.open],
      [409, 'erasure-blocked', open],
    )
    users.keepers.open = { catalog: [{ what: 'event', id: newId() }] }
    assert.is((await as('DELETE', '/v1/users/me')).body.code, 'erasure-blocked')
    users.keepers.open = {}
    users.keepers.down.add('orders')
    assert.is((await as('DELETE', '/v1/users/me')).body.code, 'function-unreachable')
    assert.is((await as('GET', '/v1/users/me')).status, 200)
    users.keepers.down.clear()
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
  })

  it('is caught up by a function that was down, and by an order that was begun meanwhile', async () => {
    const { as, id } = await openAccount(users)
    users.keepers.down.add('tickets')
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
    users.keepers.open = { payments: [{ what: 'payment', id: newId() }] }
    await sweepNow()
    const early = (await progress(id)).body
    assert.is(early.forgottenAt, null)
    const of = (body: any, name: string) => body.functions.find((one: any) => one.function === name)
    assert.is(of(early, 'tickets').forgottenAt, null)
    assert.ok(of(early, 'tickets').attempts > 0)
    assert.equal([of(early, 'payments').forgottenAt, of(early, 'payments').open], [null, 1])
    users.keepers.down.clear()
    users.keepers.open = {}
    // After eight failures in a row a callee is left alone for 2 s.
    await new Promise((resolve) => setTimeout(resolve, 2200))
    await sweepNow()
    const late = (await progress(id)).body
    assert.ok(late.forgottenAt)
    assert.equal([of(late, 'payments').open, of(late, 'tickets').attempts], [0, 0])
  })

  it('is asked for five times in all, for what comes late, and then no more', async () => {
    const { as, id } = await openAccount(users)
    await as('DELETE', '/v1/users/me')
    for (let i = 0; i < 8; i++) await sweepNow()
    assert.is(asks('DELETE', id), 5 * keepers.length)
    const due = `select count(*)::int from erasures where user_id = $1 and due_at is not null`
    assert.is(await sql(due, [id]), 0)
  })
})

describe('an export', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('has what every function keeps, and what admins did; or it is none', async () => {
    const { as, id } = await openAccount(users)
    const orders = [{ id: newId(), status: 'CONFIRMED' }]
    users.keepers.records = { orders: { orders } }
    await look(
      users.deps.database,
      `with told as (
         insert into audit_log (id, actor_id, act, subject, reason, correlation_id)
         values ($1, $2, 'user.ban', $3, 'spam', 'c') returning 1) select 1 from told`,
      [newId(), newId(), id],
    )
    const { status, body } = await as('GET', '/v1/users/me/export')
    assert.is(status, 200)
    assert.equal(Object.keys(body.functions).toSorted(), keepers.toSorted())
    assert.equal(body.functions.orders, { records: { orders }, isWhole: true })
    assert.equal(
      body.audit.map(({ act, reason, actorId }: any) => [act, reason, actorId]),
      [['user.ban', 'spam', undefined]],
    )
    users.keepers.down.add('seating')
    const refused = await as('GET', '/v1/users/me/export')
    assert.equal([refused.status, refused.body.code], [502, 'function-unreachable'])
  })
})
