import * as assert from 'uvu/assert'
import { createContactSeal } from '../../_runtime/contact.ts'
import { newId } from '../../_runtime/ids.ts'
import { nobody } from '../../_runtime/personal-data.ts'
import { describe } from '../../_runtime/test.ts'
import {
  issuedTo,
  look,
  makeDue,
  messagesOf,
  openNotifications,
  orderOf,
  until,
  type Notifications,
} from './support.ts'

describe('contacts', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications()))
  it.after(() => app.close())

  const follow = (what: string, userId: string, { email, name, version }: Snapshot) => {
    const contactSealed = app.deps.contacts.seal(userId, { name, email })
    const data = { userId, contactSealed, roles: ['customer'], version }
    return app.deliver(`dev.boxoffice.user.${what}.v2`, userId, data)
  }
  const erase = (userId: string) =>
    app.deliver('dev.boxoffice.user.erased.v1', userId, { userId, version: 2 })
  type Snapshot = ReturnType<typeof snapshot>
  const snapshot = (email: string, version: number, name = 'Asha') => ({ email, name, version })
  const contact = (userId: string) =>
    look(app.deps.database, `select to_jsonb(c) from contacts c where user_id = $1`, [userId])

  it('lie sealed: neither name nor address can be read in the database', async () => {
    const userId = newId()
    await follow('registered', userId, snapshot('asha@mail.example', 1, 'Asha Rao'))
    const { sealed, version } = await contact(userId)
    assert.is(version, 1)
    assert.match(sealed, /^v1\./)
    assert.not.match(JSON.stringify(await contact(userId)), /asha/i)
  })

  it('come in the clear from before there was a key for them, and are kept all the same', async () => {
    const userId = newId()
    const open = {
      userId,
      email: 'old@mail.example',
      name: 'Asha',
      roles: ['customer'],
      version: 1,
    }
    await app.deliver('dev.boxoffice.user.registered.v1', userId, open)
    await app.issue(issuedTo(userId))
    await until(() => app.mails.to('old@mail.example').length === 1)
  })

  it('that nobody here can open are not taken, and come again when the key is right', async () => {
    const userId = newId()
    const contactSealed = createContactSeal('of another installation, and long enough').seal(
      userId,
      {
        name: 'Asha',
        email: 'lost@mail.example',
      },
    )
    const data = { userId, contactSealed, roles: ['customer'], version: 1 }
    const type = 'dev.boxoffice.user.registered.v2'
    assert.is((await app.deliver(type, userId, data)).status, 500)
    const moved = app.deps.contacts.seal(newId(), { name: 'A', email: 'other@mail.example' })
    assert.is((await app.deliver(type, userId, { ...data, contactSealed: moved })).status, 500)
    assert.is(await contact(userId), undefined)
    const erased = await app.deliver(type, userId, { ...data, contactSealed: null })
    assert.is(erased.status, 204)
    assert.is(await contact(userId), undefined)
  })

  it('are waited for: a message goes out as soon as its recipient is known', async () => {
    const issued = issuedTo(newId())
    await app.issue(issued)
    // What it sends is another test's, where that is still on its way.
    await app.deps.sending.sweep()
    assert.is(await messagesOf(app.deps, issued.orderId), 'tickets QUEUED')
    await follow('registered', issued.holderId, snapshot('late@mail.example', 1))
    await until(() => app.mails.to('late@mail.example').length === 1)
  })

  it('are those of today when a message goes out, and never older ones', async () => {
    const userId = newId()
    await follow('registered', userId, snapshot('first@mail.example', 1))
    await follow('updated', userId, snapshot('third@mail.example', 3, 'Asha the Third'))
    await follow('updated', userId, snapshot('second@mail.example', 2))
    await app.issue(issuedTo(userId))
    await until(() => app.mails.to('third@mail.example').length === 1)
    assert.equal(app.mails.to('third@mail.example')[0]?.mail.to, [
      { name: 'Asha the Third', address: 'third@mail.example' },
    ])
    assert.equal(app.mails.to('second@mail.example'), [])
  })

  it('that are no addresses get no mail', async () => {
    for (const email of [
      'x@mail.example\r\nRCPT TO:<thief@mail.example>',
      'x@mail.example, thief@mail.example',
      'nobody',
    ]) {
      const userId = newId()
      await follow('registered', userId, snapshot(email, 1))
      const issued = issuedTo(userId)
      await app.issue(issued)
      const status = () => messagesOf(app.deps, issued.orderId)
      await until(async () => (await status()) === 'tickets FAILED address-invalid')
    }
    assert.equal(app.mails.to('thief@mail.example'), [])
  })

  it('are gone once the person is erased, and messages no longer say whom they went to', async () => {
    const { userId, email } = await app.register()
    const sent = issuedTo(userId)
    await app.issue(sent)
    await until(async () => (await messagesOf(app.deps, sent.orderId)) === 'tickets SENT')
    app.mails.behaviour = () => 451
    const waiting = issuedTo(userId)
    await app.issue(waiting)
    await until(async () => /QUEUED SMTP 451/.test(await messagesOf(app.deps, waiting.orderId)))
    app.mails.behaviour = () => 'take'

    await erase(userId)
    await erase(userId)
    assert.equal(await contact(userId), { user_id: userId, sealed: null, version: 2 })
    await follow('updated', userId, snapshot(email, 1))
    assert.is((await contact(userId)).sealed, null)
    await makeDue(app.deps, waiting.orderId)
    await app.deps.sending.sweep()
    assert.is(await messagesOf(app.deps, waiting.orderId), 'tickets FAILED recipient-erased')
    assert.is(await messagesOf(app.deps, sent.orderId), 'tickets SENT')
    const traces = `select count(*)::int from messages where recipient_id = $1`
    assert.is(await look(app.deps.database, traces, [userId]), 0)

    const later = orderOf(userId)
    await app.tell('refunded', later)
    const status = () => messagesOf(app.deps, later.orderId)
    await until(async () => (await status()) === 'order-refunded FAILED recipient-erased')
    assert.is(await look(app.deps.database, traces, [userId]), 0)
    assert.is(app.mails.to(email).length, 1)
  })
})

describe('an order whose buyer was erased', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications()))
  it.after(() => app.close())

  it('is told to nobody, and nothing waits for him', async () => {
    const order = orderOf(nobody)
    assert.is((await app.tell('refunded', order)).status, 204)
    assert.is((await app.issue(issuedTo(nobody, { orderId: order.orderId }))).status, 204)
    assert.is(await messagesOf(app.deps, order.orderId), '')
  })
})

describe('GET /v1/notifications', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications()))
  it.after(() => app.close())

  it("lists the caller's own messages, newest first, by order and page, without their text", async () => {
    const { userId } = await app.register()
    const issued = issuedTo(userId)
    await app.issue(issued)
    await app.tell('refunded', orderOf(userId, { orderId: issued.orderId, status: 'CONFIRMED' }))
    await app.tell('refunded', orderOf(userId, { eventTitle: 'Macbeth' }))
    await app.issue(issuedTo((await app.register()).userId))
    const ask = await app.as(userId)
    const list = async (query = '') => (await ask('GET', `/v1/notifications${query}`)).body
    await until(async () =>
      (await list()).items.every(({ status }: { status: string }) => status === 'SENT'),
    )
    const all = await list()
    assert.equal(
      all.items.map((one: Record<string, unknown>) => [one.kind, one.subject]),
      [
        ['order-refunded', 'Refund of your order for Macbeth'],
        ['order-refunded', 'Refund of your order for The Tempest'],
        ['tickets', 'Your tickets for The Tempest'],
      ],
    )
    assert.equal(Object.keys(all.items[0]).toSorted(), [
      'createdAt',
      'id',
      'kind',
      'orderId',
      'sentAt',
      'status',
      'subject',
    ])
    assert.is((await list(`?orderId=${issued.orderId}`)).total, 2)
    const second = await list('?size=2&page=2')
    assert.equal([second.items.length, second.total], [1, 3])
    const past = await list('?size=2&page=9')
    assert.equal([past.items, past.total], [[], 3])
  })

  it('is for those who are signed in', async () => {
    const unknown = await app.ask('GET', '/v1/notifications')
    assert.equal([unknown.status, unknown.body.code], [401, 'not-signed-in'])
    const bad = await (await app.as(newId()))('GET', '/v1/notifications?size=101')
    assert.equal([bad.status, bad.body.code], [400, 'invalid-request'])
  })
})
