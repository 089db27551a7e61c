import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { openPayments, type Payments } from './support.ts'
import { startStripeMock, stripeMock } from './stripe-mock.ts'
import { newStripeOrder, stripeKey, stripeWebhookKey } from './stripe-support.ts'

/*
 * stripe-mock checks each request against Stripe's own OpenAPI specification and answers with samples. It keeps
 * nothing, so every PaymentIntent looks as if it had been declined: what becomes of money is tested with the
 * stand-in (stripe-charge.test.ts), that Stripe understands us here.
 */
const { file, reason } = await stripeMock()

if (!file)
  describe("Stripe's own mock", (it) => {
    it('is not asked here', () => process.stdout.write(`SKIPPED ${reason}\n`))
  })
else
  describe("Stripe's own mock", (it) => {
    let payments: Payments
    let mock: Awaited<ReturnType<typeof startStripeMock>>
    it.before(async () => {
      mock = await startStripeMock(file)
      payments = await openPayments({
        PROVIDER: 'stripe',
        STRIPE_URL: mock.url,
        STRIPE_KEY: stripeKey,
        STRIPE_WEBHOOK_KEY: stripeWebhookKey,
      })
    })
    it.after(async () => {
      await payments.close()
      await mock.close()
    })

    const askedBy = async (work: () => Promise<unknown>) => {
      const from = mock.asked.length
      await work()
      return mock.asked.slice(from)
    }
    const accepted = (method: string, path: string, key?: string) => ({
      method,
      path: `/v1/${path}`,
      key,
      status: 200,
    })

    it('refuses a parameter that Stripe does not know, so that it could refuse ours', async () => {
      const response = await fetch(`${mock.url}/v1/payment_intents`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stripeKey}` },
        body: new URLSearchParams({ amount: '1', currency: 'inr', nonsense: '1' }),
      })
      assert.is(response.status, 400)
    })

    it('takes a charge, in both its steps and with either token', async () => {
      for (const token of ['pm_card_visa', 'ctoken_1']) {
        const order = newStripeOrder(token)
        const [made, confirmed] = await askedBy(() => payments.charge(order))
        assert.equal(made, accepted('POST', 'payment_intents', order.orderId))
        assert.match(confirmed?.path ?? '', /^\/v1\/payment_intents\/pi_\w+\/confirm$/)
        assert.equal([confirmed?.status, confirmed?.key], [200, `${order.orderId}:confirm`])
      }
    })

    it('takes a question and a cancellation', async () => {
      const order = newStripeOrder()
      await payments.charge(order)
      const { find, cancel } = payments.deps.provider
      const [found] = await askedBy(() => find(order.orderId))
      assert.equal([found?.method, found?.status], ['GET', 200])
      const [cancelled] = await askedBy(() => cancel(order.orderId))
      assert.match(cancelled?.path ?? '', /\/cancel$/)
      assert.equal([cancelled?.status, cancelled?.key], [200, `${order.orderId}:cancel:1`])
    })

    it('takes a refund', async () => {
      const refundId = newId()
      const given = { reference: 'pi_1', amount: { amountMinor: 500, currency: 'INR' } }
      const asked = await askedBy(() => payments.deps.provider.refund(refundId, given))
      assert.equal(asked, [accepted('GET', 'refunds'), accepted('POST', 'refunds', refundId)])
    })

    it('is asked again under the same key where a connection ended', async () => {
      const order = newStripeOrder()
      mock.loseAnswer()
      const [first, again] = await askedBy(() => payments.charge(order))
      assert.equal([first?.path, first?.key], ['/v1/payment_intents', order.orderId])
      assert.equal(again, first)
    })
  })
