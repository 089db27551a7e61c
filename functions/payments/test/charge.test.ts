import * as assert from 'uvu/assert'
import { events } from '../../../contracts/events.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { Intent } from '../intent.ts'
import { Payment } from '../payment.ts'
import { ProviderEvent } from '../provider-event.ts'
import { keyOf, paymentIdOf } from '../provider.ts'
import { Refund } from '../refund.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue, newOrder, openPayments, type Payments } from './support.ts'

describe('POST /v1/payments/charge', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments()))
  it.after(() => payments.close())

  it('takes the money, and publishes nothing because the answer says it', async () => {
    const order = newOrder()
    const { status, body } = await payments.charge(order)
    assert.is(status, 200)
    assert.is(body.status, 'SUCCESS')
    assert.is(body.orderId, order.orderId)
    assert.equal([body.amount, body.refunded.amountMinor], [order.amount, 0])
    assert.equal([body.method, body.reason, body.nextAction], ['CARD', null, null])
    assert.is(await payments.moneyOf(order.orderId), 10_500)
    assert.equal(await payments.told(order.orderId), ['succeeded'])
  })

  it('writes the same to the outbox as it answers, in the form of the contract', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    const payload = await look(
      payments.deps.database,
      `select payload from outbox where payload->>'orderId' = $1`,
      [order.orderId],
    )
    assert.equal(payload, body)
    assert.ok(events['dev.boxoffice.payment.succeeded.v1'].data.safeParse(payload).success)
  })

  it('takes it once however often it is asked, and tells it once', async () => {
    const order = newOrder()
    const answers = await Promise.all(Array.from({ length: 20 }, () => payments.charge(order)))
    assert.is(new Set(answers.map(({ text }) => text)).size, 1)
    assert.is((await payments.witness(order.orderId)).length, 1)
    assert.equal(await payments.told(order.orderId), ['succeeded'])
  })

  it('says why a payment is declined', async () => {
    const reasons = { tok_declined: 'card_declined', tok_insufficient_funds: 'insufficient_funds' }
    for (const [token, reason] of Object.entries({ ...reasons, nonsense: 'invalid_token' })) {
      const order = newOrder(token)
      const { status, body } = await payments.charge(order)
      assert.equal([status, body.code, body.reason], [402, 'payment-declined', reason])
      assert.equal([body.payment.status, body.payment.reason], ['FAILED', reason])
      assert.equal(await payments.told(order.orderId), ['failed'])
      assert.is((await payments.charge(order)).status, 402)
    }
  })

  it('waits for a payer who must approve, and publishes how it ends', async () => {
    const order = newOrder('tok_3ds')
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.status], [200, 'PENDING'])
    assert.match(body.nextAction.url, '/3ds/')
    assert.is((await payments.charge(order)).text, JSON.stringify(body))
    const { id } = (await payments.bank('GET', `/charges/${order.orderId}`)).body
    await payments.bank('POST', `/3ds/${id}`, { approve: true })
    await makeDue(payments)
    assert.is(await settleUnsettled(payments.deps), 1)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    const settled = (await payments.charge(order)).body
    assert.equal([settled.status, settled.nextAction], ['SUCCESS', null])
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
  })

  it('waits for a slow bank', async () => {
    assert.is((await payments.charge(newOrder('tok_slow'))).body.status, 'SUCCESS')
  })

  it('refuses another amount or other means for the same order', async () => {
    const order = newOrder()
    await payments.charge(order)
    const more = await payments.charge({ ...order, amount: { amountMinor: 1, currency: 'INR' } })
    assert.equal([more.status, more.body.code], [422, 'idempotency-key-reused'])
    const other = await payments.charge({ ...order, means: { method: 'UPI', token: 'tok_ok' } })
    assert.equal([other.status, other.body.code], [422, 'idempotency-key-reused'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('wants the order as its key, quoted or bare', async () => {
    const order = newOrder()
    const ask = (headers: Record<string, string>) =>
      payments.orders('POST', '/v1/payments/charge', order, headers)
    for (const headers of [{}, { 'idempotency-key': newId() }] as Record<string, string>[]) {
      const { status, body } = await ask(headers)
      assert.equal([status, body.code], [400, 'invalid-request'])
    }
    assert.is((await ask({ 'idempotency-key': `"${order.orderId}"` })).status, 200)
  })

  it('refuses a charge of nothing', async () => {
    const order = { ...newOrder(), amount: { amountMinor: 0, currency: 'INR' } }
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.code], [400, 'invalid-request'])
  })

  it('is for the function orders alone', async () => {
    const order = newOrder()
    const headers = { 'idempotency-key': order.orderId }
    const nobody = await payments.ask('POST', '/v1/payments/charge', order, headers)
    assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'])
    const admin = await payments.as(newId(), ['admin'])
    const user = await admin('POST', '/v1/payments/charge', order, headers)
    assert.equal([user.status, user.body.code], [403, 'forbidden'])
    assert.equal(await payments.witness(order.orderId), [])
  })

  it('meets the charge again that a crash left unrecorded', async () => {
    const order = newOrder()
    await payments.deps.provider.charge(keyOf(order.orderId, 1), {
      paymentId: paymentIdOf(order.orderId),
      ...order,
    })
    assert.is((await payments.charge(order)).body.status, 'SUCCESS')
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('keeps no token', async () => {
    const order = newOrder('tok_very_secret')
    await payments.charge(order)
    const rows = await look(
      payments.deps.database,
      `select jsonb_agg(p)::text || jsonb_agg(o)::text from payments p, outbox o`,
    )
    assert.not.match(rows, 'tok_')
  })
})

describe('a payment', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments()))
  it.after(() => payments.close())

  it('is shown to its payer and to admins, and to nobody else', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    const get = async (userId: string, role: 'customer' | 'admin') =>
      (await payments.as(userId, [role]))('GET', `/v1/payments/${body.id}`)
    assert.equal((await get(order.payerId, 'customer')).body, body)
    assert.equal((await get(newId(), 'admin')).body, body)
    const other = await get(newId(), 'customer')
    assert.equal([other.status, other.body.code], [404, 'not-found'])
    assert.is((await payments.ask('GET', `/v1/payments/${body.id}`)).body.code, 'not-signed-in')
  })

  it('is found by its order, and asked of the bank where it is not known', async () => {
    const find = (orderId: string) => payments.orders('GET', `/v1/payments/of/${orderId}`)
    const known = newOrder()
    const { body } = await payments.charge(known)
    assert.equal((await find(known.orderId)).body, body)

    const unrecorded = newOrder()
    await payments.deps.provider.charge(unrecorded.orderId, {
      paymentId: paymentIdOf(unrecorded.orderId),
      ...unrecorded,
    })
    const found = (await find(unrecorded.orderId)).body
    assert.equal([found.status, found.amount], ['SUCCESS', unrecorded.amount])
    assert.is((await payments.charge(unrecorded)).body.id, found.id)
    const payer = await payments.as(unrecorded.payerId)
    assert.is((await payer('GET', `/v1/payments/${found.id}`)).status, 200)

    const none = await find(newId())
    assert.equal([none.status, none.body.code], [404, 'not-found'])
  })

  it('can be read as an entity, like all that stands beside it', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    await payments.refund(body.id, 500)
    const em = await payments.deps.database.em()
    const payment = await em.findOneOrFail(Payment, { orderId: order.orderId })
    assert.equal(
      [payment.id, payment.amountMinor, payment.refundedMinor, payment.isImported],
      [body.id, 10_500, 500, false],
    )
    const [refund] = await em.find(Refund, { paymentId: body.id })
    assert.equal([refund?.amountMinor, refund?.status], [500, 'SUCCESS'])
    assert.equal(await em.find(Intent, {}), [])
    assert.equal(await em.find(ProviderEvent, {}), [])
  })
})
