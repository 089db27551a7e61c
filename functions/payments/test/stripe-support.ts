import { newId } from '../../_runtime/ids.ts'
import { openPayments } from './support.ts'
import { openStandIn } from './stripe-stand-in.ts'

export const stripeWebhookKey = `whsec_${'k'.repeat(32)}`
export const stripeKey = `sk_test_${'1'.repeat(24)}`

/** Payments with Stripe behind the port: the real SDK and database, and a stand-in where Stripe would be. */
export async function openStripePayments(more: Record<string, string> = {}) {
  const stripe = await openStandIn()
  const payments = await openPayments({
    PROVIDER: 'stripe',
    STRIPE_URL: stripe.url,
    STRIPE_KEY: stripeKey,
    STRIPE_WEBHOOK_KEY: stripeWebhookKey,
    PUBLIC_URL: 'https://shop.example',
    ...more,
  })
  return {
    ...payments,
    stripe,
    async close() {
      await payments.close()
      await stripe.close()
    },
  }
}

export type StripePayments = Awaited<ReturnType<typeof openStripePayments>>

export const newStripeOrder = (token = 'pm_card_visa', orderId = newId()) => ({
  orderId,
  payerId: newId(),
  amount: { amountMinor: 10_500, currency: 'INR' },
  means: { method: 'CARD' as const, token },
})
