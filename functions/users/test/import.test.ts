import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { findImportedUsers, importUsers } from '../import.ts'
import { logIn, look, newEmail, openAccount, openUsers, password, type Users } from './support.ts'

describe('users of a data set', (it) => {
  let users: Users
  it.before(async () => {
    users = await openUsers()
  })
  it.after(() => users.close())

  let numbers = 0
  const newUser = (email = newEmail()) => {
    const externalId = String((numbers += 1))
    return {
      id: newId(),
      externalId,
      name: 'Asha Rao',
      email,
      phone: '0000010001',
      createdAt: '2025-01-01T10:00:00.000Z',
      row: { user_id: externalId, email },
    }
  }
  const imported = (...given: ReturnType<typeof newUser>[]) =>
    importUsers(users.deps.database, users.deps.seal, given)

  it('are there, each with his row, and are written once', async () => {
    const { database, seal } = users.deps
    const [first, second] = [newUser(), newUser()]
    assert.equal(await imported(first), new Set([first.id]))
    assert.equal(await imported(first, second), new Set([first.id, second.id]))
    const rows = await findImportedUsers(database, seal, [first.id, second.id, newId()])
    assert.equal(rows, new Map([first, second].map(({ id, row }) => [id, row])))
    const [version, told] = [
      await look(database, 'select version from users where id = $1', [first.id]),
      await look(database, 'select count(*)::int from outbox where aggregateid = $1', [first.id]),
    ]
    assert.equal([version, told], [1, 0])
  })

  it('do not take the address of somebody who registered here', async () => {
    const account = await openAccount(users)
    const [late, other] = [newUser(account.email), newUser()]
    assert.equal(await imported(late, other), new Set([other.id]))
  })

  it('cannot log in, whatever password they try', async () => {
    const user = newUser()
    await imported(user)
    const { status, body } = await logIn(users, user.email, password)
    assert.equal([status, body.code], [401, 'wrong-credentials'])
  })
})
