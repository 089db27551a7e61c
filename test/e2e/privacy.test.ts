import * as assert from 'uvu/assert'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'
import { tracesOf } from './traces.ts'

describe('who somebody is', (it) => {
  let market: Market
  let isKeyWrong = true
  const account = {
    email: 'Padmavathi.Q@mail.example',
    password: 'correct horse battery',
    name: 'Padmavathi Quillfeather',
    phone: '+91 98765 43210',
  }
  const secrets = [account.email, 'Quillfeather', account.phone, account.password]

  it.before(
    async () =>
      (market = await openMarket({
        // Its Redis keeps a journal then, and in that what had been there for a moment only.
        isDurable: true,
        settings: (name): Record<string, string> =>
          name === 'notifications' && isKeyWrong
            ? { EVENT_KEY: 'another key of thirty-two bytes or more' }
            : {},
      })),
  )
  it.after(() => market.close())

  it('is read nowhere on the way of a purchase, but where admins search for names', async () => {
    const { eventId } = await market.openSale()
    const { body: user } = await market.ask('POST', '/v1/users', account)
    await until('his registration is a dead letter', async () => {
      const letters = await market.sql(
        'dead-letters',
        `select 1 from dead_letters where subject = $1 and type like '%.registered.v2'`,
        [user.id],
      )
      return letters.length === 1
    })
    isKeyWrong = false
    const [old = 0] = market.pidsOf('notifications')
    process.kill(old, 'SIGKILL')
    await until('it is gone', async () => !market.pidsOf('notifications').includes(old))

    const { email, password } = account
    const { body: session } = await market.ask('POST', '/v1/auth/login', { email, password })
    const headers = { authorization: `Bearer ${session.accessToken}` }
    const renamed = { name: 'Padmavathi R. Quillfeather' }
    assert.is((await market.ask('PATCH', '/v1/users/me', renamed, headers)).status, 200)
    const wish = { eventId, seats: ['Stalls-A-1'], ...card('tok_ok') }
    const key = { 'idempotency-key': newId() }
    const order = await market.ask('POST', '/v1/orders', wish, { ...headers, ...key })
    assert.is(order.status, 201, order.text)
    await until('the mail is there', async () => {
      const to = encodeURIComponent(account.email.toLowerCase())
      const { items } = (await (await fetch(`${market.mailboxUrl}/messages?to=${to}`)).json()) as {
        items: { subject: string }[]
      }
      return items.some(({ subject }) => /A Play/.test(subject))
    })

    // The last is made by Postgres of the one before.
    const names = ['users.users.name', 'users.users.name_words']
    assert.equal(await tracesOf(market, secrets), names)
  })

  it('is found by the same search where it does lie open', async () => {
    const { email, name } = account
    const data = { userId: newId(), email, name, roles: ['customer' as const], version: 1 }
    await market.publish('dev.boxoffice.user.registered.v1', data.userId, data)
    const found = await tracesOf(market, secrets)
    assert.ok(
      found.some((place) => place.startsWith('broker/')),
      found.join(),
    )
  })
})
