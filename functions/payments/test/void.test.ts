import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { paymentIdOf } from '../provider.ts'
import { finishRefunds } from '../refunds.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue, newOrder, openPayments, type Payments } from './support.ts'

describe('POST /v1/payments/void', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments()))
  it.after(() => payments.close())

  const voidStatusOf = (orderId: string) =>
    look(payments.deps.database, `select void_status from payments where order_id = $1`, [orderId])

  it('before a charge: the charge is refused when it comes, and takes no money', async () => {
    const order = newOrder()
    assert.equal((await payments.void(order.orderId)).body, { payment: null })
    assert.equal((await payments.void(order.orderId)).body, { payment: null })
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(order.orderId), 0)
    const { payment } = (await payments.void(order.orderId)).body
    assert.equal([payment.status, payment.reason], ['FAILED', 'voided'])
    assert.is(await payments.told(order.orderId), null)
  })

  it('after a charge: all of it goes back, once', async () => {
    const order = newOrder()
    await payments.charge(order)
    const first = await payments.void(order.orderId)
    assert.is(first.status, 200)
    assert.equal(first.body.payment.status, 'REFUNDED')
    assert.equal((await payments.void(order.orderId)).body, first.body)
    assert.is(await payments.moneyOf(order.orderId), 0)
    assert.equal(await payments.told(order.orderId), ['succeeded', 'refunded'])
    assert.is((await payments.charge(order)).body.code, 'payment-fixed')
  })

  it('after a charge that was never recorded: the money goes back as well', async () => {
    const order = newOrder()
    await payments.deps.provider.charge(order.orderId, {
      paymentId: paymentIdOf(order.orderId),
      ...order,
    })
    assert.is((await payments.void(order.orderId)).body.payment.status, 'REFUNDED')
    assert.is(await payments.moneyOf(order.orderId), 0)
  })

  it('after a partial refund: the rest goes back', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    await payments.refund(body.id, 500)
    const { payment } = (await payments.void(order.orderId)).body
    assert.equal([payment.status, payment.refunded.amountMinor], ['REFUNDED', 10_500])
    assert.is(await payments.moneyOf(order.orderId), 0)
  })

  it('after a whole refund: nothing more happens', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    await payments.refund(body.id, 10_500)
    assert.is((await payments.void(order.orderId)).body.payment.status, 'REFUNDED')
    assert.is(await voidStatusOf(order.orderId), 'DONE')
  })

  it('of a declined payment: it stays declined', async () => {
    const order = newOrder('tok_declined')
    await payments.charge(order)
    const { payment } = (await payments.void(order.orderId)).body
    assert.equal([payment.status, payment.reason], ['FAILED', 'card_declined'])
    assert.is(await voidStatusOf(order.orderId), 'DONE')
  })

  it('while the payer is asked: he can approve no more', async () => {
    const order = newOrder('tok_3ds')
    await payments.charge(order)
    const { payment } = (await payments.void(order.orderId)).body
    assert.equal([payment.status, payment.reason, payment.nextAction], ['FAILED', 'voided', null])
    const { id } = (await payments.bank('GET', `/charges/${order.orderId}`)).body
    assert.is((await payments.bank('POST', `/3ds/${id}`, { approve: true })).status, 409)
    assert.equal(await payments.told(order.orderId), ['failed'])
  })

  it('goes on without its caller after a crash in the middle', async () => {
    const order = newOrder()
    await payments.charge(order)
    await look(
      payments.deps.database,
      `update payments set void_status = 'OPEN' where order_id = $1`,
      [order.orderId],
    )
    assert.is((await payments.charge(order)).body.code, 'payment-fixed')
    await makeDue(payments)
    assert.is(await settleUnsettled(payments.deps), 1)
    assert.is(await payments.moneyOf(order.orderId), 0)
    assert.is(await voidStatusOf(order.orderId), 'DONE')
  })

  it('gives money back that came in spite of it, and answers no charge with success', async () => {
    const order = newOrder()
    // A provider that took the money though it had said that it never would.
    await look(
      payments.deps.database,
      `insert into payments (id, order_id, status, void_status) values ($1, $2, 'FAILED', 'DONE')`,
      [paymentIdOf(order.orderId), order.orderId],
    )
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(order.orderId), 10_500)
    assert.is(await voidStatusOf(order.orderId), 'OPEN')
    await makeDue(payments)
    assert.is(await settleUnsettled(payments.deps), 1)
    assert.is(await payments.moneyOf(order.orderId), 0)
    assert.is(await voidStatusOf(order.orderId), 'DONE')
  })

  it('is for the function orders alone', async () => {
    const { status, body } = await (
      await payments.as(newId(), ['admin'])
    )('POST', '/v1/payments/void', { orderId: newId() })
    assert.equal([status, body.code], [403, 'forbidden'])
  })

  it('leaves imported payments as they are', async () => {
    const order = newOrder()
    await payments.charge(order)
    await look(
      payments.deps.database,
      `update payments set is_imported = true where order_id = $1`,
      [order.orderId],
    )
    assert.is((await payments.void(order.orderId)).body.payment.status, 'SUCCESS')
    assert.is(await payments.moneyOf(order.orderId), 10_500)
    const refused = await payments.refund(paymentIdOf(order.orderId), 1)
    assert.equal([refused.status, refused.body.code], [409, 'payment-fixed'])
    await look(
      payments.deps.database,
      `update payments set status = 'PENDING', check_at = now() - interval '1 s' where order_id = $1`,
      [order.orderId],
    )
    assert.is(await settleUnsettled(payments.deps), 0)
    assert.is(await finishRefunds(payments.deps), 0)
  })
})
