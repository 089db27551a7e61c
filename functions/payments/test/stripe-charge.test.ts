import { inspect } from 'node:util'
import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { keyOf, paymentIdOf } from '../provider.ts'
import { createStripe } from '../stripe.ts'
import type { KeyMemories } from '../store/provider-charges.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue, until } from './support.ts'
import {
  newStripeOrder,
  openStripePayments,
  stripeKey,
  type StripePayments,
} from './stripe-support.ts'

const confirming = /\/confirm$/
const making = /payment_intents$/

describe('a charge by Stripe', (it) => {
  let payments: StripePayments
  it.before(async () => (payments = await openStripePayments({ PROVIDER_SECONDS: '1' })))
  it.after(() => payments.close())

  const statusOf = (orderId: string) =>
    look(payments.deps.database, `select status from payments where order_id = $1`, [orderId])
  const askedFor = (orderId: string) =>
    payments.stripe.asked.filter(({ key }) => key.startsWith(orderId)).map(({ key }) => key)

  it('is made and then confirmed, each under a key that is made from the order', async () => {
    const order = newStripeOrder()
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.status, body.amount], [200, 'SUCCESS', order.amount])
    assert.equal(askedFor(order.orderId), [order.orderId, `${order.orderId}:confirm`])
    const [intent] = payments.stripe.intentsOf(order.orderId)
    assert.equal([intent?.amount, intent?.currency, intent?.taken], [10_500, 'inr', 1])
    assert.is(intent?.metadata.boxoffice_payment, paymentIdOf(order.orderId))
  })

  it('is the same however often it is asked for at once', async () => {
    const order = newStripeOrder()
    const answers = await Promise.all(Array.from({ length: 8 }, () => payments.charge(order)))
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.is(payments.stripe.takenUnder(order.orderId), 1)
  })

  it('whose answer is lost is unknown, and asked again it is the same charge', async () => {
    const order = newStripeOrder()
    payments.stripe.fail(confirming, 'lost')
    const unknown = await payments.charge(order)
    assert.equal([unknown.status, unknown.body.code], [504, 'time-limit'])
    assert.is(await statusOf(order.orderId), 'PENDING')
    assert.is((await payments.charge(order)).body.status, 'SUCCESS')
    assert.is(payments.stripe.takenUnder(order.orderId), 1)
  })

  it('whose connection ends after the work is asked for once more by the SDK, under the same key', async () => {
    const order = newStripeOrder()
    payments.stripe.fail(confirming, 'reset')
    assert.is((await payments.charge(order)).status, 200)
    const key = `${order.orderId}:confirm`
    assert.equal(askedFor(order.orderId).slice(-2), [key, key])
    assert.is(payments.stripe.takenUnder(order.orderId), 1)
  })

  it('is found by the sweep where the answer was lost or an error', async () => {
    for (const how of ['lost', 'broken'] as const) {
      const order = newStripeOrder()
      payments.stripe.fail(confirming, how)
      assert.is((await payments.charge(order)).status, 504, how)
      // Finding it is a call as well, which a slow machine may not answer in time at once.
      await until(async () => {
        await makeDue(payments)
        await settleUnsettled(payments.deps)
        return (await statusOf(order.orderId)) === 'SUCCESS'
      }, 20_000)
      assert.equal(await payments.told(order.orderId), ['succeeded!'], how)
    }
  })

  it('is not taken again after a day, when Stripe has forgotten its keys', async () => {
    const order = newStripeOrder()
    payments.stripe.fail(confirming, 'lost')
    await payments.charge(order)
    payments.stripe.forgetKeys()
    assert.is((await payments.charge(order)).body.status, 'SUCCESS')
    assert.is(payments.stripe.takenUnder(order.orderId), 1)
    assert.is(payments.stripe.intentsOf(order.orderId).length, 2, 'the second is never confirmed')
  })

  it('that was declined is not tried again then: the payer was told no', async () => {
    const order = newStripeOrder('pm_declined_insufficient_funds')
    await payments.charge(order)
    payments.stripe.forgetKeys()
    assert.is((await payments.charge(order)).body.reason, 'insufficient_funds')
    const confirmed = askedFor(order.orderId).filter((key) => key.endsWith(':confirm'))
    assert.is(confirmed.length, 1)
  })

  it("the twin: with Stripe's keys alone it is taken twice then", async () => {
    const forgetful: KeyMemories = {
      claim: async (_, claimed) => ({ ...claimed, cancels: 0, isFirst: true }),
      cancel: async () => ({ reference: null, requestHash: null, cancels: 1 }),
      find: async () => undefined,
    }
    const options = { url: payments.stripe.url, key: stripeKey, webhookKey: '', limitMs: 1000 }
    const twin = createStripe({ ...options, returnUrl: 'https://shop.example', keys: forgetful })
    const { orderId, ...order } = newStripeOrder()
    const charge = () => twin.charge(orderId, { paymentId: paymentIdOf(orderId), ...order })
    await charge()
    payments.stripe.forgetKeys()
    await charge()
    twin.close()
    assert.is(payments.stripe.takenUnder(orderId), 2)
  })

  it('that was not even made is busy, and leaves nothing', async () => {
    for (const how of ['lost', 'refused', 'broken'] as const) {
      const order = newStripeOrder()
      payments.stripe.fail(making, how)
      const { status, body } = await payments.charge(order)
      assert.equal([status, body.code], [503, 'busy'], how)
      assert.is(await statusOf(order.orderId), undefined, how)
    }
  })

  it('that was made and never confirmed is cancelled after a while', async () => {
    const order = newStripeOrder()
    payments.stripe.fail(confirming, 'refused')
    assert.is((await payments.charge(order)).status, 503)
    await payments.deps.provider.cancel(keyOf(order.orderId, 1))
    assert.is(payments.stripe.intentsOf(order.orderId)[0]?.status, 'canceled')
    assert.is((await payments.charge(order)).body.code, 'payment-fixed')
    assert.is(payments.stripe.takenUnder(order.orderId), 0)
  })

  it('says why it is declined, and keeps to itself what is not for the payer', async () => {
    const reasons = {
      pm_declined_insufficient_funds: 'insufficient_funds',
      pm_declined_expired_card: 'expired_card',
      pm_declined_authentication_required: 'authentication_failed',
      pm_declined_stolen_card: 'card_declined',
      pm_gone: 'invalid_token',
      tok_ok: 'invalid_token',
    }
    for (const [token, reason] of Object.entries(reasons)) {
      const order = newStripeOrder(token)
      const { status, body } = await payments.charge(order)
      assert.equal([status, body.code, body.reason], [402, 'payment-declined', reason])
      assert.is((await payments.charge(order)).body.reason, reason)
    }
  })

  it('refuses what Stripe cannot take exactly, or not by a token', async () => {
    const dinar = { ...newStripeOrder(), amount: { amountMinor: 1235, currency: 'KWD' } }
    assert.is((await payments.charge(dinar)).body.reason, 'amount_not_supported')
    const upi = { ...newStripeOrder(), means: { method: 'UPI' as const, token: 'pm_card_visa' } }
    const answer = await payments.charge(upi)
    assert.is(answer.body.reason, 'method_not_supported')
    assert.equal(askedFor(upi.orderId), [])
  })

  it('waits for a payer who must approve, and publishes how it ends', async () => {
    const order = newStripeOrder('pm_3ds')
    const { body } = await payments.charge(order)
    assert.equal(
      [body.status, body.nextAction.url.slice(0, 29)],
      ['PENDING', 'https://hooks.stripe.example/'],
    )
    payments.stripe.approve(order.orderId)
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
  })

  it('stays open while Stripe itself does not know', async () => {
    const order = newStripeOrder('pm_processing')
    assert.is((await payments.charge(order)).body.code, 'time-limit')
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.is(await statusOf(order.orderId), 'PENDING')
  })

  it('refuses another amount or other means for the same order', async () => {
    const order = newStripeOrder()
    await payments.charge(order)
    for (const other of [
      { ...order, amount: { amountMinor: 1000, currency: 'INR' } },
      { ...order, means: { method: 'CARD' as const, token: 'pm_other' } },
    ]) {
      const { status, body } = await payments.charge(other)
      assert.equal([status, body.code], [422, 'idempotency-key-reused'])
    }
    assert.is(payments.stripe.takenUnder(order.orderId), 1)
  })

  it('shows no log what Stripe sent with an error', async () => {
    const { orderId, ...order } = newStripeOrder('pm_odd')
    const shown = await payments.deps.provider
      .charge(orderId, { paymentId: paymentIdOf(orderId), ...order })
      .then(
        () => 'a charge',
        (err: unknown) => inspect(err, { depth: 9 }),
      )
    assert.match(shown, 'StripeRefused: Stripe answered 400 parameter_unknown')
    assert.not.match(shown, 'secret')
  })
})
