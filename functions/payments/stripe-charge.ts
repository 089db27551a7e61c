import * as z from 'zod'
import { PaymentMethod } from '../../contracts/payments.ts'
import { ProviderFailed, type Charge } from './provider.ts'
import { fromStripe } from './stripe-amounts.ts'
import type { StripeRefused } from './stripe-client.ts'

const Word = z.string().regex(/^[\w:.-]{1,255}$/)

/** A PaymentIntent, as far as it is read here. What comes from there is data from outside, like any other. */
export const StripeIntent = z.object({
  id: Word,
  status: z.string(),
  amount: z.int().positive(),
  currency: z.string().regex(/^[a-z]{3}$/),
  metadata: z.record(z.string(), z.string()).default({}),
  last_payment_error: z
    .object({ code: z.string().nullish(), decline_code: z.string().nullish() })
    .nullish(),
  next_action: z
    .object({ redirect_to_url: z.object({ url: z.url().max(2000).nullish() }).nullish() })
    .nullish(),
})
export type StripeIntent = z.output<typeof StripeIntent>

/** The metadata that makes a PaymentIntent ours, and leads back from it. */
export const metadataOf = (key: string, paymentId: string, method: string) => ({
  boxoffice_key: key,
  boxoffice_payment: paymentId,
  boxoffice_method: method,
})

/** Undefined for a PaymentIntent that another made. */
export const keyOfIntent = ({ metadata }: StripeIntent): string | undefined =>
  Word.safeParse(metadata.boxoffice_key).data

/** It stands at Stripe and was never confirmed: no money was asked for. */
export const isUntouched = ({ status, last_payment_error: failed }: StripeIntent): boolean =>
  (status === 'requires_payment_method' && !failed) || status === 'requires_confirmation'

/**
 * Undefined where nothing was charged under the key so far. Throws `ProviderFailed` while Stripe itself does
 * not know how it ends.
 */
export function chargeOf(intent: StripeIntent, key: string): Charge | undefined {
  if (isUntouched(intent)) return undefined
  const outcome = outcomes[intent.status]
  if (!outcome) throw new ProviderFailed('unknown', new Error(`Stripe says ${intent.status}`))
  const { metadata, next_action } = intent
  return {
    key,
    outcome,
    reference: intent.id,
    paymentId: Word.safeParse(metadata.boxoffice_payment).data ?? null,
    amount: fromStripe(intent),
    method: PaymentMethod.safeParse(metadata.boxoffice_method).data ?? null,
    reason: outcome === 'declined' ? reasonOf(intent.last_payment_error ?? {}) : null,
    actionUrl: next_action?.redirect_to_url?.url ?? null,
  }
}

const outcomes: Record<string, Charge['outcome']> = {
  succeeded: 'succeeded',
  requires_payment_method: 'declined',
  requires_action: 'requires-action',
  canceled: 'cancelled',
}

/**
 * Why Stripe declined, in words that a payer may read. That a card is lost, stolen or thought fraudulent is
 * not for him (docs.stripe.com/declines/codes): like all that is not named here it is `card_declined`.
 */
const reasonOf = ({
  code,
  decline_code,
}: NonNullable<StripeIntent['last_payment_error']>): string =>
  reasons[decline_code ?? ''] ?? reasons[code ?? ''] ?? 'card_declined'

/** The same for a request that Stripe did not even try; undefined where it is no payer's fault. */
export function refusalOf({ code = '', param = '' }: StripeRefused) {
  const isToken = param === 'payment_method' || param === 'confirmation_token'
  return reasons[code] ?? (isToken ? 'invalid_token' : undefined)
}

const reasons: Record<string, string> = {
  insufficient_funds: 'insufficient_funds',
  authentication_required: 'authentication_failed',
  payment_intent_authentication_failure: 'authentication_failed',
  expired_card: 'expired_card',
  incorrect_cvc: 'incorrect_details',
  incorrect_number: 'incorrect_details',
  incorrect_zip: 'incorrect_details',
  invalid_cvc: 'incorrect_details',
  invalid_expiry_month: 'incorrect_details',
  invalid_expiry_year: 'incorrect_details',
  invalid_number: 'incorrect_details',
  amount_too_small: 'amount_not_supported',
  amount_too_large: 'amount_not_supported',
}
