import type { Money } from '../../contracts/primitives.ts'
import { ProviderFailed } from './provider.ts'
import { toStripe } from './stripe-amounts.ts'
import type { Asking } from './stripe-client.ts'

/** More than an order has lines to give back. */
const refundsMax = 100

/**
 * Gives money back once for each refund's id. The key alone keeps that for a day and a refund is asked for
 * again for ever, so what Stripe already has under the id is looked for first.
 */
export async function giveBack(
  ask: Asking,
  refundId: string,
  { reference, amount }: { reference: string; amount: Money },
): Promise<void> {
  const asked = toStripe(amount)
  if (!asked) throw new Error(`Stripe cannot give back ${amount.amountMinor} ${amount.currency}`)
  const { data } = await ask('none', (stripe, options) =>
    stripe.refunds.list({ payment_intent: reference, limit: refundsMax }, options),
  )
  const metadata = { boxoffice_refund: refundId }
  const refund =
    data.find((one) => one.metadata?.boxoffice_refund === refundId) ??
    (await ask('unknown', (stripe, options) =>
      stripe.refunds.create(
        { payment_intent: reference, amount: asked.amount, metadata },
        { ...options, idempotencyKey: refundId },
      ),
    ))
  if (refund.status === 'succeeded') return
  const err = new Error(`Stripe says ${refund.status} of the refund`)
  // A failed one stays failed: a person must pay it otherwise. It stays due, and in the log, until then.
  throw refund.status === 'pending' ? new ProviderFailed('unknown', err) : err
}
