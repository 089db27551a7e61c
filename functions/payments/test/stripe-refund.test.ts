import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { finishRefunds } from '../refunds.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue } from './support.ts'
import { newStripeOrder, openStripePayments, type StripePayments } from './stripe-support.ts'

const moneyOf = ({ stripe }: StripePayments, orderId: string): number => {
  const [intent] = stripe.intentsOf(orderId)
  const back = stripe.refunds.filter((one) => one.payment_intent === intent?.id)
  return (
    (intent?.taken ?? 0) * (intent?.amount ?? 0) - back.reduce((sum, one) => sum + one.amount, 0)
  )
}

describe('a refund by Stripe', (it) => {
  let payments: StripePayments
  it.before(async () => (payments = await openStripePayments({ PROVIDER_SECONDS: '1' })))
  it.after(() => payments.close())

  const paid = async () => {
    const order = newStripeOrder()
    return { ...order, id: (await payments.charge(order)).body.id as string }
  }
  const statusOf = (refundId: string) =>
    look(payments.deps.database, `select status from refunds where id = $1`, [refundId])

  it('is asked for under its own id, once', async () => {
    const { id, orderId } = await paid()
    const refundId = newId()
    const answers = await Promise.all([1, 2, 3].map(() => payments.refund(id, 4000, refundId)))
    assert.equal(
      answers.map(({ status }) => status),
      [200, 200, 200],
    )
    assert.is(moneyOf(payments, orderId), 6500)
    const asked = payments.stripe.asked.filter(({ key }) => key === refundId)
    assert.is(asked[0]?.form.amount, '4000')
  })

  it('whose answer was lost is found again, though Stripe has forgotten its key', async () => {
    const { id, orderId } = await paid()
    const refundId = newId()
    const { refund } = payments.deps.provider
    payments.deps.provider.refund = async (...given) => {
      await refund(...given)
      throw new Error('the answer was lost')
    }
    try {
      assert.is((await payments.refund(id, 4000, refundId)).status, 500)
    } finally {
      payments.deps.provider.refund = refund
    }
    payments.stripe.forgetKeys()
    await makeDue(payments)
    assert.is(await finishRefunds(payments.deps), 1)
    assert.is(await statusOf(refundId), 'SUCCESS')
    assert.is(moneyOf(payments, orderId), 6500)
  })

  it('that is pending or failed there stays due here', async () => {
    for (const [amount, status] of [
      [4001, 504],
      [4002, 500],
    ] as const) {
      const { id } = await paid()
      const refundId = newId()
      assert.is((await payments.refund(id, amount, refundId)).status, status)
      assert.is(await statusOf(refundId), 'PENDING')
    }
  })
})

describe('a void at Stripe', (it) => {
  let payments: StripePayments
  it.before(async () => {
    payments = await openStripePayments({ PROVIDER_SECONDS: '1', DATABASE_CONNECTIONS: '20' })
  })
  it.after(() => payments.close())

  it('before a charge: nothing is ever taken under its key', async () => {
    const order = newStripeOrder()
    assert.equal((await payments.void(order.orderId)).body, { payment: null })
    for (let i = 0; i < 2; i++) assert.is((await payments.charge(order)).body.code, 'payment-fixed')
    assert.is(payments.stripe.takenUnder(order.orderId), 0)
    assert.is(payments.stripe.intentsOf(order.orderId)[0]?.status, 'canceled')
  })

  it('while the payer is asked: he can approve no more', async () => {
    const order = newStripeOrder('pm_3ds')
    await payments.charge(order)
    const { payment } = (await payments.void(order.orderId)).body
    assert.equal([payment.status, payment.reason], ['FAILED', 'voided'])
    payments.stripe.approve(order.orderId)
    assert.is(payments.stripe.takenUnder(order.orderId), 0)
  })

  it('after a charge: all of it goes back, also where its answer was lost', async () => {
    for (const isLost of [false, true]) {
      const order = newStripeOrder()
      if (isLost) payments.stripe.fail(/\/confirm$/, 'lost')
      await payments.charge(order)
      assert.is((await payments.void(order.orderId)).body.payment.status, 'REFUNDED')
      assert.is(moneyOf(payments, order.orderId), 0)
    }
  })

  it('goes on when Stripe could not cancel at first, under a new key', async () => {
    const order = newStripeOrder('pm_3ds')
    await payments.charge(order)
    payments.stripe.fail(/\/cancel$/, 'refused')
    assert.is((await payments.void(order.orderId)).status, 503)
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.is(payments.stripe.intentsOf(order.orderId)[0]?.status, 'canceled')
    const keys = payments.stripe.asked.flatMap(({ path, key }) =>
      path.endsWith('cancel') ? [key] : [],
    )
    assert.equal(
      keys.slice(-2),
      [1, 2].map((n) => `${order.orderId}:cancel:${n}`),
    )
  })

  it('and a charge at once leave no money with us, whoever comes first', async () => {
    const seen = { taken: 0, cancelled: 0 }
    for (let round = 0; round < 30; round++) {
      const order = newStripeOrder()
      const sleep = new Promise((resolve) => setTimeout(resolve, Math.random() * 12))
      const [charge, voided] = await Promise.all([
        payments.charge(order),
        sleep.then(() => payments.void(order.orderId)),
      ])
      assert.ok([200, 409].includes(charge.status), `the charge was answered ${charge.status}`)
      assert.is(voided.status, 200)
      assert.is(moneyOf(payments, order.orderId), 0)
      if (payments.stripe.takenUnder(order.orderId) > 0) seen.taken += 1
      else seen.cancelled += 1
    }
    assert.ok(seen.taken > 0 && seen.cancelled > 0, JSON.stringify(seen))
  })

  it('the twin: a void that only looks what Stripe has leaves money with us', async () => {
    const { find } = payments.deps.provider
    let left = 0
    for (let round = 0; round < 30; round++) {
      const order = newStripeOrder()
      await Promise.all([
        payments.charge(order),
        find(order.orderId).then((known) => known && payments.void(order.orderId)),
      ])
      if (moneyOf(payments, order.orderId) > 0) left += 1
    }
    assert.ok(left > 0, `${left} of 30 voided orders are paid`)
  })
})
