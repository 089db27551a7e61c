import { createHmac } from 'node:crypto'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { paymentIdOf } from '../provider.ts'
import { fromStripe, toStripe } from '../stripe-amounts.ts'
import { look } from './support.ts'
import {
  newStripeOrder,
  openStripePayments,
  stripeWebhookKey,
  type StripePayments,
} from './stripe-support.ts'

const path = '/v1/payments/webhooks/stripe'
const now = new Date('2026-11-21T12:00:00.700Z')
const nowSeconds = Math.floor(now.getTime() / 1000)

/** As docs.stripe.com/webhooks/signature has it, and nothing of the code under test. */
const hexOf = (text: string, seconds = nowSeconds, key = stripeWebhookKey) =>
  createHmac('sha256', key).update(`${seconds}.${text}`, 'utf8').digest('hex')
const signed = (text: string, seconds = nowSeconds) => `t=${seconds},v1=${hexOf(text, seconds)}`

describe('a webhook of Stripe', (it) => {
  let payments: StripePayments
  it.before(async () => {
    payments = await openStripePayments()
    payments.deps.now = () => now
  })
  it.after(() => payments.close())

  const send = (text: string, signature = signed(text)) =>
    payments.ask('POST', path, text, { 'stripe-signature': signature })
  const textOf = (type: string, object: object) =>
    JSON.stringify({
      id: `evt_${newId().replaceAll('-', '')}`,
      object: 'event',
      type,
      data: { object },
    })
  const intentOf = (orderId: string, status: string, more: object = {}) => ({
    id: 'pi_1',
    status,
    amount: 10_500,
    currency: 'inr',
    metadata: {
      boxoffice_key: orderId,
      boxoffice_payment: paymentIdOf(orderId),
      boxoffice_method: 'CARD',
    },
    last_payment_error: null,
    next_action: null,
    ...more,
  })
  const succeeded = (orderId = newId()) =>
    textOf('payment_intent.succeeded', intentOf(orderId, 'succeeded'))
  const statusOf = (orderId: string) =>
    look(payments.deps.database, `select status from payments where order_id = $1`, [orderId])
  const parked = (text: string) =>
    look(payments.deps.database, `select parked from provider_events where id = $1`, [
      JSON.parse(text).id,
    ])

  it('is taken only with a good signature over the bytes that came', async () => {
    const orderId = newId()
    const text = succeeded(orderId)
    const spaced = JSON.stringify(JSON.parse(text), null, 2)
    const hex = hexOf(text)
    const bad = {
      'another key': `t=${nowSeconds},v1=${hexOf(text, nowSeconds, `whsec_${'x'.repeat(32)}`)}`,
      'the body written anew': signed(spaced),
      'a newline at its end': signed(`${text}\n`),
      'another time than was signed': `t=${nowSeconds + 1},v1=${hex}`,
      'a short signature': `t=${nowSeconds},v1=${hex.slice(0, -2)}`,
      'capital letters': `t=${nowSeconds},v1=${hex.toUpperCase()}`,
      'another scheme': `t=${nowSeconds},v0=${hex}`,
      'no scheme': `t=${nowSeconds},${hex}`,
      'an empty signature': `t=${nowSeconds},v1=`,
      'two times': `t=${nowSeconds},t=${nowSeconds},v1=${hex}`,
      'no time': `v1=${hex}`,
      'a time that is none': `t=-1,v1=${hex}`,
      'more elements than Stripe sends': `t=${nowSeconds}${`,v1=${hex}`.repeat(20)}`,
      nothing: '',
    }
    for (const [what, signature] of Object.entries(bad)) {
      const { status, body } = await send(text, signature)
      assert.equal([status, body.code], [400, 'invalid-request'], what)
    }
    assert.is((await payments.ask('POST', path, text)).status, 400)
    assert.is((await send('', signed(''))).status, 400)
    assert.is(await statusOf(orderId), undefined)
    assert.is((await send(text)).status, 200)
    assert.is(await statusOf(orderId), 'SUCCESS')
  })

  it('is taken while a secret is rolled, and whatever other schemes stand beside', async () => {
    const other = hexOf('', nowSeconds, 'old')
    for (const headerOf of [
      (hex: string) => `t=${nowSeconds},v1=${other},v1=${hex}`,
      (hex: string) => `t=${nowSeconds},v1=${hex},v1=${other}`,
      (hex: string) => `t=${nowSeconds},v1=${hex},v0=${other}`,
      (hex: string) => `v1=${hex},t=${nowSeconds}`,
    ]) {
      const text = succeeded()
      assert.is((await send(text, headerOf(hexOf(text)))).status, 200)
    }
  })

  it('is taken up to 300 s from now, both ways', async () => {
    for (const [seconds, status] of [
      [-301, 400],
      [-300, 200],
      [-299, 200],
      [299, 200],
      [300, 200],
      [301, 400],
    ] as const) {
      const text = succeeded()
      assert.is(
        (await send(text, signed(text, nowSeconds + seconds))).status,
        status,
        `${seconds} s`,
      )
    }
  })

  it('has its effect once, in any order', async () => {
    const order = newStripeOrder('pm_3ds')
    await payments.charge(order)
    const text = succeeded(order.orderId)
    await Promise.all(Array.from({ length: 10 }, () => send(text)))
    for (const [type, status] of [
      ['requires_action', 'requires_action'],
      ['payment_failed', 'requires_payment_method'],
      ['canceled', 'canceled'],
    ] as const) {
      const failed = { last_payment_error: { code: 'card_declined' } }
      await send(textOf(`payment_intent.${type}`, intentOf(order.orderId, status, failed)))
    }
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is(await statusOf(order.orderId), 'SUCCESS')
  })

  it('tells why a payer was declined', async () => {
    const order = newStripeOrder('pm_3ds')
    await payments.charge(order)
    const failed = { last_payment_error: { code: 'payment_intent_authentication_failure' } }
    const object = intentOf(order.orderId, 'requires_payment_method', failed)
    await send(textOf('payment_intent.payment_failed', object))
    const { body } = await payments.orders('GET', `/v1/payments/of/${order.orderId}`)
    assert.equal([body.status, body.reason], ['FAILED', 'authentication_failed'])
  })

  it('finishes a refund that was pending, and no other by the same event', async () => {
    const order = newStripeOrder()
    const { body } = await payments.charge(order)
    const refundId = newId()
    await payments.refund(body.id, 4001, refundId)
    const object = { id: 're_1', metadata: { boxoffice_refund: refundId } }
    await send(textOf('refund.updated', { ...object, status: 'pending' }))
    assert.equal(await payments.told(order.orderId), ['succeeded'])
    const done = textOf('refund.updated', { ...object, status: 'succeeded' })
    await send(done)
    assert.equal(await payments.told(order.orderId), ['succeeded', 'refunded!'])
    const secondId = newId()
    await payments.refund(body.id, 4001, secondId)
    await send(done.replace(refundId, secondId))
    assert.equal(await payments.told(order.orderId), ['succeeded', 'refunded!'], 'the same event')
  })

  it('that is not about money of ours is taken and kept', async () => {
    for (const text of [
      textOf('charge.dispute.created', { id: 'dp_1' }),
      textOf('payment_intent.succeeded', intentOf(newId(), 'succeeded', { metadata: {} })),
      textOf('payment_intent.succeeded', { id: 'pi_1' }),
      textOf('payment_intent.processing', intentOf(newId(), 'processing')),
      textOf('refund.failed', { id: 're_1', status: 'failed' }),
    ]) {
      assert.is((await send(text)).status, 200)
      assert.is(await parked(text), text)
    }
  })

  it('is refused where it has no id, is too large, or comes to the door of another provider', async () => {
    for (const text of ['nonsense', '[]', '{"type":"refund.updated"}'])
      assert.is((await send(text)).status, 400, text)
    const large = await send(textOf('x', { pad: 'x'.repeat(1024 * 1024) }))
    assert.equal([large.status, large.body.code], [413, 'body-too-large'])
    const other = await payments.ask('POST', '/v1/payments/webhooks/sandbox', '{}')
    assert.equal([other.status, other.body.code], [404, 'not-found'])
  })
})

describe('amounts at Stripe', (it) => {
  it('are counted as Stripe counts them, never rounded, and lead back', () => {
    for (const [amountMinor, currency, amount] of [
      [10_500, 'INR', 10_500],
      [500, 'JPY', 500],
      [500, 'KRW', 500],
      [5, 'UGX', 500],
      [5, 'ISK', 500],
      [1230, 'KWD', 1230],
      [1235, 'KWD', undefined],
      [100, 'MGA', undefined],
      [100, 'HUF', undefined],
    ] as const) {
      const asked = toStripe({ amountMinor, currency })
      assert.is(asked?.amount, amount, `${amountMinor} ${currency}`)
      if (asked) assert.equal(fromStripe(asked), { amountMinor, currency })
    }
  })
})
