import { join } from 'node:path'
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { keepers } from '../../contracts/personal-data.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { checkInvariants } from '../../scripts/invariants/check.ts'
import { card, openMarket, until, type Answer, type Market } from './market.ts'
import { valuesOf, tracesOf } from './traces.ts'

describe('somebody who bought, gave back and stood in line', (it) => {
  let market: Market
  let areTicketsDown = false
  const account = {
    email: 'padmavathi@mail.example',
    password: 'correct horse battery',
    name: 'Padmavathi Quillfeather',
    phone: '+91 98765 43210',
  }
  let id = ''
  let as: (method: string, path: string, body?: unknown, headers?: object) => Promise<Answer>
  let unpaid = ''

  it.before(async () => {
    market = await openMarket({
      settings: (name): Record<string, string> =>
        name === 'tickets' && areTicketsDown
          ? { DATABASE_URL: 'postgres://tickets:none@127.0.0.1:9/tickets' }
          : {},
    })
    id = (await market.ask('POST', '/v1/users', account)).body.id
    const { email, password } = account
    const { body } = await market.ask('POST', '/v1/auth/login', { email, password })
    const headers = { authorization: `Bearer ${body.accessToken}` }
    as = (method, path, sent, more) => market.ask(method, path, sent, { ...headers, ...more })
    unpaid = await shop()
  })
  it.after(() => market.close())

  const order = (wish: object, more = {}) =>
    as('POST', '/v1/orders', wish, { 'idempotency-key': newId(), ...more })

  /** Buys in every way; gives the order that waits for its payment. */
  async function shop(): Promise<string> {
    const { eventId, seatIds, organizer } = await market.openSale(12)
    const wish = (seat: number, token = 'tok_ok') => ({
      eventId,
      seatIds: [seatIds[seat]],
      ...card(token),
    })
    const kept = await order(wish(0))
    const back = await order(wish(1))
    const declined = await order(wish(2, 'tok_declined'))
    const later = await order(wish(3), { prefer: 'respond-async' })
    assert.equal(
      [kept, back, declined, later].map(({ status }) => status),
      [201, 201, 402, 202],
    )
    await until('all has its tickets', async () => {
      const { body } = await as('GET', '/v1/orders?status=CONFIRMED')
      return body.total === 3 && body.items.every((one: any) => one.ticketsIssued)
    })
    await as('POST', `/v1/orders/${back.body.id}/refunds`, {})
    const held = await as('POST', '/v1/seats/reserve', { eventId, seatIds: [seatIds[5]] })
    await as('POST', '/v1/seats/release', { holdId: held.body.holdId })
    const waiting = await order({ eventId, seatIds: [seatIds[4]] })
    assert.is(waiting.body.status, 'HELD')
    const room = `/v1/waiting-room/${eventId}`
    const settings = { admissionsPerMinute: 60, admittedMax: 1 }
    const set = await organizer.ask('PUT', room, settings)
    assert.is(set.status, 200, set.text)
    assert.is((await as('POST', `${room}/join`)).status, 200)
    await until('the mails are sent', async () => {
      const { body } = await as('GET', '/v1/notifications')
      const sent = body.items.filter((one: any) => one.status === 'SENT')
      return sent.length >= 4
    })
    return waiting.body.id
  }

  it('is told everything that any function keeps of him', async () => {
    const { status, body, text } = await as('GET', '/v1/users/me/export')
    assert.is(status, 200, text)
    assert.equal(
      [body.user.email, body.user.phone, body.sessions.length],
      [account.email, account.phone, 1],
    )
    assert.equal(Object.keys(body.functions).toSorted(), keepers.toSorted())
    const count = (keeper: string, kind: string) => body.functions[keeper].records[kind].length
    assert.equal(
      [count('orders', 'orders'), count('payments', 'payments'), count('tickets', 'tickets')],
      [5, 4, 3],
    )
    assert.equal([count('seating', 'holds'), count('waiting-room', 'waitingRooms')], [6, 1])
    assert.ok(count('notifications', 'messages') >= 4)
    assert.equal(body.functions.notifications.records.contact, [
      { name: account.name, address: account.email },
    ])
  })

  it('is not erased while an order of his waits for its payment', async () => {
    const refused = await as('DELETE', '/v1/users/me')
    assert.equal(
      [refused.status, refused.body.code, refused.body.open],
      [409, 'erasure-blocked', [{ what: 'order', id: unpaid }]],
    )
    assert.is((await as('POST', `/v1/orders/${unpaid}/cancel`)).status, 200)
  })

  it('is forgotten by all functions, by one that was down as well, and sums stay as they are', async () => {
    const before = await sums()
    const trace = await tracesOf(market, [id])
    for (const place of [
      'orders.orders.buyer_id',
      'orders.kept_answers.caller_id',
      'orders.outbox.payload',
      'payments.payments.payer_id',
      'seating.holds.buyer_id',
      'tickets.tickets.holder_id',
      'tickets.outbox.payload',
      'notifications.messages.recipient_id',
      'waiting-room.joins.user_id',
    ])
      assert.ok(trace.includes(place), `${place} is not among ${trace.join()}`)

    areTicketsDown = true
    for (const pid of market.pidsOf('tickets')) process.kill(pid, 'SIGKILL')
    assert.is((await as('DELETE', '/v1/users/me')).status, 204)
    const admin = await market.person(['admin'])
    const progress = async () => (await admin.ask('GET', `/v1/users/${id}/erasure`)).body
    await until('all but tickets have forgotten', async () => {
      const left = (await progress()).functions.filter((one: any) => one.forgottenAt === null)
      return left.length === 1 && left[0].function === 'tickets' && left[0].attempts > 0
    })
    assert.is((await progress()).forgottenAt, null)

    areTicketsDown = false
    for (const pid of market.pidsOf('tickets')) process.kill(pid, 'SIGKILL')
    await until('tickets too', async () => (await progress()).forgottenAt !== null, 60_000)
    const { email, name, phone } = account
    assert.equal(
      (await tracesOf(market, [id])).filter((place) => !place.includes('/')),
      [
        'notifications.contacts.user_id',
        'users.erasures.user_id',
        'users.outbox.aggregateid',
        'users.outbox.payload',
        'users.users.id',
      ],
    )
    assert.equal(await tracesOf(market, [email, 'Quillfeather', name, phone]), [])
    assert.equal(await linesInRedis(), [])

    assert.equal(await sums(), before)
    const report = await checkInvariants(
      {
        databaseUrl: market.observerUrl,
        ledger: join(market.folder, 'bank', 'ledger.jsonl'),
        redisUrl: market.redisUrl,
      },
      { moment: 'quiet', graceMs: 60_000 },
    )
    assert.equal([report.violations, report.unread], [[], []])
  })

  it('does not come back by what is told late, and a refund without him is made all the same', async () => {
    const told = { userId: id, roles: ['customer' as const], version: 99 }
    const contactSealed = market.sealContact(id)
    await market.publish('dev.boxoffice.user.updated.v2', id, { ...told, contactSealed })
    const [{ id: orderId }] = await market.sql(
      'orders',
      `select id from orders where status = 'CONFIRMED' limit 1`,
    )
    const admin = await market.person(['admin'])
    const refund = await admin.ask('POST', `/v1/orders/${orderId}/refunds`, {})
    assert.ok([200, 202].includes(refund.status), refund.text)
    await until('its tickets end', async () => {
      const live = `select 1 from tickets where order_id = $1 and status = 'ACTIVE'`
      return (await market.sql('tickets', live, [orderId])).length === 0
    })
    await until('it is told to all', async () => {
      const unsent = await market.sql('orders', 'select 1 from outbox_unsent')
      return unsent.length === 0
    })
    const mails = await market.sql(
      'notifications',
      `select 1 from messages where order_id = $1 and kind = 'order-refunded'`,
      [orderId],
    )
    assert.equal(mails, [])
    const contacts = await market.sql(
      'notifications',
      'select sealed from contacts where user_id = $1',
      [id],
    )
    assert.equal(contacts, [{ sealed: null }])
  })

  /** What the tax office asks for. */
  async function sums() {
    const orders = await market.sql(
      'orders',
      `select o.id, o.status, o.total_minor, o.tax_minor, o.refunded_minor, o.version,
         (select sum(l.price_minor) from order_lines l where l.order_id = o.id) as lines
       from orders o order by o.id`,
    )
    const payments = await market.sql(
      'payments',
      `select id, order_id, amount_minor, refunded_minor, method, status, provider_reference
       from payments order by id`,
    )
    const tickets = await market.sql(
      'tickets',
      'select id, order_id, status from tickets order by id',
    )
    return { orders, payments, tickets }
  }

  /** His places in queues, and his admissions. */
  async function linesInRedis(): Promise<string[]> {
    const redis = new Redis(market.redisUrl)
    try {
      const keys = await redis.keys('waiting:*')
      const found = keys.filter((key) => key.includes(id))
      for (const key of keys.filter((one) => /:(early|late)$/.test(one)))
        if ((await redis.zscore(key, id)) !== null) found.push(key)
      const joined = await valuesOf(market, 'waiting-room')
      assert.is(joined.filter(({ column }) => column === 'user_id').length, 1)
      return found
    } finally {
      await redis.quit()
    }
  }
})
