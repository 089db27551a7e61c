import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { describe } from '../../_runtime/test.ts'
import { linkOf, logIn, look, openAccount, openCrowd, requestReset, type Users } from './support.ts'

const atOnce = 8

describe('one link in many requests at once', (it) => {
  let users: Users
  it.before(async () => (users = await openCrowd()))
  it.after(() => users.close())

  const words = Array.from({ length: atOnce }, (_, i) => `the password number ${i}`)

  it('sets one password', async () => {
    const notifications = await users.asFunction('notifications')
    for (let round = 0; round < 5; round++) {
      const { id, email } = await openAccount(users)
      await requestReset(users, email)
      const { token } = (await notifications('GET', `/v1/links/${await linkOf(users, id)}`)).body
      const answers = await Promise.all(
        words.map((word) => users.ask('POST', '/v1/auth/reset', { token, password: word })),
      )
      for (const { status, body } of answers)
        assert.ok([204, 503].includes(status) || body.code === 'link-invalid', `${status}`)
      assert.is(answers.filter(({ status }) => status === 204).length, 1)
      const won = answers.findIndex(({ status }) => status === 204)
      const logIns = await Promise.all(words.map((word) => logIn(users, email, word)))
      const opened = logIns.flatMap(({ status }, i) => (status === 200 ? [i] : []))
      assert.equal(opened, [won])
    }
  })

  it('the twin: looking whether it was used and then marking it lets many through', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (is_used boolean)`)
    await look(database, `insert into unguarded values (false)`)
    const see = statement('twin-used', `select is_used from unguarded`)
    const mark = statement('twin-mark', `update unguarded set is_used = true`)
    let through = 0
    await Promise.all(
      words.map(async () => {
        const [link] = await database.query<{ is_used: boolean }>(see)
        if (link?.is_used) return
        through += 1
        await database.query(mark)
      }),
    )
    assert.ok(through > 1, `${through} got through`)
  })
})
