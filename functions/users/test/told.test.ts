import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { sealOldTold } from '../told.ts'
import { look, newEmail, openAccount, openUsers, type Users } from './support.ts'

describe('what the outbox told of people in the clear', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const tell = async (userId: string, email: string, name: string) => {
    const payload = { userId, email, name, roles: ['customer'], version: 1 }
    await sql(
      `with told as (
         insert into outbox (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
         values ($1, 'user', $2, 'dev.boxoffice.user.registered.v1', $3, 'test', '') returning id
       ) insert into outbox_unsent (id) select id from told`,
      [newId(), userId, JSON.stringify(payload)],
    )
  }
  const told = (userId: string) =>
    sql(
      `select jsonb_agg(jsonb_build_object('type', type, 'payload', payload) order by id)
         from outbox where aggregateid = $1`,
      [userId],
    )

  it('is sealed, under the type that carries it so, and once', async () => {
    const [asha, erased] = [newId(), newId()]
    const email = newEmail()
    await tell(asha, email, 'Asha Rao')
    await tell(erased, '', '')
    assert.is(await sealOldTold(users.deps), 2)
    assert.is(await sealOldTold(users.deps), 0)
    const [{ type, payload }] = await told(asha)
    const { contactSealed, ...open } = payload
    assert.is(type, 'dev.boxoffice.user.registered.v2')
    assert.equal(open, { userId: asha, roles: ['customer'], version: 1 })
    assert.equal(users.deps.contacts.open(asha, contactSealed), { name: 'Asha Rao', email })
    const [{ payload: gone }] = await told(erased)
    assert.equal(gone, { userId: erased, roles: ['customer'], version: 1, contactSealed: null })
  })

  it('goes with an erasure that comes before it is sealed', async () => {
    const { as, id, email } = await openAccount(users)
    await tell(id, email, 'Asha Rao')
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
    const rows = await told(id)
    for (const { type, payload } of rows.filter((row: any) => /registered/.test(row.type))) {
      assert.is(type, 'dev.boxoffice.user.registered.v2')
      assert.is(payload.contactSealed, null)
    }
    assert.not.match(JSON.stringify(rows), email)
    assert.is(await sealOldTold(users.deps), 0)
  })
})
