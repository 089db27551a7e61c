import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { logIn, look, openUsers, password, type Users } from './support.ts'

describe('an account in any script', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  const register = (change: Record<string, unknown>) =>
    users.ask('POST', '/v1/users', {
      email: `${newId()}@example.com`,
      password,
      name: 'Asha Rao',
      ...change,
    })
  const accounts = () => look(users.deps.database, 'select count(*)::int from users')

  it('keeps its name to the code point', async () => {
    for (const name of [
      'محمد',
      '王小明',
      'Zoe\u0308',
      'Zoë',
      '👩🏽‍🚀 Ada',
      'O’Brien',
      "x'; drop table users--",
    ])
      assert.is((await register({ name })).body.name, name)
  })

  it('is not opened under an address that looks like another one', async () => {
    const before = await accounts()
    for (const email of [
      'аdmin@example.com', // the first letter is Cyrillic
      'admin@exаmple.com',
      'ａdmin@example.com',
      'admi\u0131@example.com',
      'admin\u200b@example.com',
      'caf\u00e9@example.com',
      'cafe\u0301@example.com',
      'admin@example.com\u0000',
      'admin@example.com\r\nbcc: x@example.com',
      'admin@example.com, x@example.com',
      '"admin"@example.com',
      'Admin <admin@example.com>',
      'admin@[127.0.0.1]',
      'admin@example',
      `${'a'.repeat(250)}@example.com`,
      '',
    ]) {
      const { status, body } = await register({ email })
      assert.equal([status, body.code], [400, 'invalid-request'], email)
    }
    assert.is(await accounts(), before)
  })

  it('is one for an address in any case, with spaces around it', async () => {
    const email = `${newId()}@example.com`
    assert.is((await register({ email })).status, 201)
    for (const same of [email.toUpperCase(), `  ${email} `]) {
      const { status, body } = await register({ email: same })
      assert.equal([status, body.code], [409, 'email-taken'], same)
      assert.is((await logIn(users, same)).status, 200, same)
    }
  })

  it('takes a password of any characters, and no other that looks like it', async () => {
    for (const word of [
      'пароль-из-букв',
      '🔑🚪🪟🎟🎭🎪🎻🥁',
      '  spaces around  ',
      'a\tb\nc d e f',
      'x'.repeat(256),
    ]) {
      const email = `${newId()}@example.com`
      assert.is((await register({ email, password: word })).status, 201, word)
      assert.is((await logIn(users, email, word)).status, 200, word)
      for (const other of [
        word.trim() === word ? `${word.slice(1)} ` : word.trim(),
        word.slice(0, -1),
      ])
        assert.is((await logIn(users, email, other)).body.code, 'wrong-credentials', other)
    }
  })

  it('refuses a name that would break a line or a header, and a password that is too much work', async () => {
    for (const change of [
      { name: 'a\r\nbcc: x@example.com' },
      { name: 'a\u001b[2J' },
      { name: 'a\ud800' },
      { name: '\u00a0' },
      { name: 'x'.repeat(121) },
      { phone: '+91 1234\n5678' },
      { phone: '١٢٣٤٥٦٧٨' },
      { password: 'x'.repeat(257) },
      { password: 'short' },
    ])
      assert.is((await register(change)).status, 400, JSON.stringify(change))
    const { status, body } = await register({ password: 'x'.repeat(1024 * 1024) })
    assert.equal([status, body.code], [413, 'body-too-large'])
  })
})
