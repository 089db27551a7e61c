import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { settleUnsettled } from '../unsettled.ts'
import {
  look,
  makeDue,
  newOrder,
  openPayments,
  type OrderOfTest,
  type Payments,
} from './support.ts'

describe('payment.requested', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments({ PROVIDER_SECONDS: '0.5' })))
  it.after(() => payments.close())

  const request = (order: OrderOfTest, more = {}) =>
    payments.deliver('dev.boxoffice.payment.requested.v1', order.orderId, order, more)
  /** As if the Broker had taken everything. */
  const forgetUnsent = () => look(payments.deps.database, `delete from outbox_unsent`)

  it('is answered by an event, once', async () => {
    const order = newOrder()
    assert.is((await request(order)).status, 204)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('is answered by an event when the payment is declined', async () => {
    const order = newOrder('tok_declined')
    assert.is((await request(order)).status, 204)
    assert.equal(await payments.told(order.orderId), ['failed!'])
  })

  it('that comes again is answered again, by the same event', async () => {
    const order = newOrder()
    await request(order)
    await forgetUnsent()
    assert.equal(await payments.told(order.orderId), ['succeeded'])
    assert.is((await request(order)).status, 204)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('is answered for a payment that had its end before anybody waited for it', async () => {
    const order = newOrder()
    await payments.charge(order)
    assert.equal(await payments.told(order.orderId), ['succeeded'])
    await request(order)
    assert.equal(await payments.told(order.orderId), ['succeeded', 'succeeded!'])
  })

  it('waits for a payer who must approve', async () => {
    const order = newOrder('tok_3ds')
    assert.is((await request(order)).status, 204)
    assert.is(await payments.told(order.orderId), null)
    const { id } = (await payments.bank('GET', `/charges/${order.orderId}`)).body
    await payments.bank('POST', `/3ds/${id}`, { approve: false })
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.equal(await payments.told(order.orderId), ['failed!'])
  })

  it('without an answer of the bank is delivered again, and meets the same charge', async () => {
    const order = newOrder('tok_timeout')
    const unknown = await request(order)
    assert.equal([unknown.status, unknown.body.code], [504, 'time-limit'])
    assert.is((await request(order)).status, 204)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('after a void is answered with failure', async () => {
    const order = newOrder()
    await payments.void(order.orderId)
    assert.is((await request(order)).status, 204)
    assert.equal(await payments.told(order.orderId), ['failed!'])
    assert.is(await payments.moneyOf(order.orderId), 0)
  })

  it('that can never succeed is refused for good', async () => {
    const order = newOrder()
    await payments.charge(order)
    const other = await request({ ...order, amount: { amountMinor: 1, currency: 'INR' } })
    assert.equal([other.status, other.body.code], [422, 'idempotency-key-reused'])
    const unsigned = await request(newOrder(), { sig: 'x' })
    assert.equal([unsigned.status, unsigned.body.code], [401, 'unsigned-event'])
    const wrong = await payments.deliver('dev.boxoffice.payment.requested.v1', newId(), {})
    assert.equal([wrong.status, wrong.body.code], [400, 'invalid-event'])
  })

  it('is the only event besides the clock', async () => {
    const tick = await payments.deliver('dev.knative.sources.ping', 'clock', {})
    assert.is(tick.status, 204)
    const other = await payments.deliver('dev.boxoffice.payment.succeeded.v1', newId(), {})
    assert.equal([other.status, other.body.code], [400, 'invalid-event'])
  })
})
