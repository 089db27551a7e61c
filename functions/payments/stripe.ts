import { createHash } from 'node:crypto'
import type Stripe from 'stripe'
import type { Means } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import { KeyReused, ProviderFailed, type Charge, type Provider } from './provider.ts'
import { toStripe } from './stripe-amounts.ts'
import { chargeOf, metadataOf, refusalOf, StripeIntent } from './stripe-charge.ts'
import { createStripeClient, StripeRefused, type Asking } from './stripe-client.ts'
import { giveBack } from './stripe-refund.ts'
import { readNews } from './stripe-webhook.ts'
import type { KeyMemories } from './store/provider-charges.ts'

export type StripeOptions = {
  url: string
  key: string
  webhookKey: string
  limitMs: number
  /** Where a payer comes back to after 3-D Secure. */
  returnUrl: string
  /** Stripe forgets a key after a day, and knows none that was cancelled before it was used. */
  keys: KeyMemories
}

type Order = { paymentId: string; amount: Money; means: Means }

/**
 * Stripe behind the port. A charge is a PaymentIntent that is made, then claimed for its key in our database,
 * and only then confirmed. Money moves by the confirmation alone and a PaymentIntent is paid once at most, so
 * no answer that is lost and no key that Stripe has forgotten can charge twice: see `createKeyMemories`.
 */
export function createStripe({ webhookKey, returnUrl, keys, ...options }: StripeOptions): Provider {
  const client = createStripeClient(options)
  return {
    name: 'stripe',
    async charge(key, order) {
      const ask = client.begin()
      const made = await makeIntent(ask, key, order)
      if ('outcome' in made) return made
      const hash = hashOf(order)
      const claimed = await keys.claim(key, { reference: made.id, requestHash: hash })
      const reference = claimed.reference ?? made.id
      if (claimed.cancels > 0) return cancelIntent(ask, key, reference, claimed.cancels)
      if (claimed.requestHash !== hash) throw new KeyReused()
      const known = claimed.isFirst ? undefined : chargeOf(await findIntent(ask, reference), key)
      return known ?? confirmIntent(ask, key, reference, { ...order, returnUrl })
    },
    async find(key) {
      const memory = await keys.find(key)
      if (!memory) return undefined
      if (memory.reference === null) return cancelledBefore(key)
      return chargeOf(await findIntent(client.begin(), memory.reference), key)
    },
    async cancel(key) {
      const { reference, cancels } = await keys.cancel(key)
      if (reference === null) return cancelledBefore(key)
      return cancelIntent(client.begin(), key, reference, cancels)
    },
    refund: (refundId, given) => giveBack(client.begin(), refundId, given),
    verifyWebhook: (rawBody, headers, now) => readNews(webhookKey, rawBody, headers, now),
    close: () => client.close(),
  }
}

/** Takes no money. The same one within a day; a second one after it is never confirmed. */
async function makeIntent(ask: Asking, key: string, order: Order): Promise<StripeIntent | Charge> {
  const { paymentId, amount, means } = order
  const asked = toStripe(amount)
  if (!asked) return declined(key, order, 'amount_not_supported')
  // UPI and net banking are not paid with a token but on a page of their own.
  if (means.method !== 'CARD' && means.method !== 'WALLET')
    return declined(key, order, 'method_not_supported')
  if (!paymentOf(means.token)) return declined(key, order, 'invalid_token')
  const metadata = metadataOf(key, paymentId, means.method)
  return ask('none', (stripe, options) =>
    stripe.paymentIntents.create(
      { ...asked, metadata, allowed_payment_method_types: ['card'] },
      { ...options, idempotencyKey: key },
    ),
  ).then(readIntent, (err: unknown) => {
    if (isIdempotencyError(err)) throw new KeyReused()
    const reason = err instanceof StripeRefused && refusalOf(err)
    if (reason) return declined(key, order, reason)
    throw err
  })
}

/** Here money moves. Whatever Stripe answers but a charge, the PaymentIntent itself says how it stands. */
async function confirmIntent(
  ask: Asking,
  key: string,
  reference: string,
  order: Order & { returnUrl: string },
): Promise<Charge> {
  try {
    const confirmed = await ask('unknown', (stripe, options) =>
      stripe.paymentIntents.confirm(
        reference,
        { ...paymentOf(order.means.token), return_url: order.returnUrl },
        { ...options, idempotencyKey: `${key}:confirm` },
      ),
    )
    return unlessUntouched(chargeOf(readIntent(confirmed), key))
  } catch (err) {
    if (!(err instanceof StripeRefused)) throw err
    const told = StripeIntent.safeParse(err.intent)
    const charge = chargeOf(told.success ? told.data : await findIntent(ask, reference), key)
    if (charge) return charge
    if (isIdempotencyError(err)) throw new KeyReused()
    const reason = refusalOf(err)
    if (!reason) throw err
    return { ...declined(key, order, reason), reference }
  }
}

/** Money that was taken stays. Each cancellation has a key of its own: an earlier one may have failed. */
async function cancelIntent(
  ask: Asking,
  key: string,
  reference: string,
  cancels: number,
): Promise<Charge> {
  const intent = await ask('unknown', (stripe, options) =>
    stripe.paymentIntents.cancel(
      reference,
      {},
      { ...options, idempotencyKey: `${key}:cancel:${cancels}` },
    ),
  ).then(readIntent, (err: unknown) => {
    if (err instanceof StripeRefused) return findIntent(ask, reference)
    throw err
  })
  const charge = unlessUntouched(chargeOf(intent, key))
  if (charge.outcome !== 'requires-action') return charge
  throw new ProviderFailed('unknown', new Error('Stripe did not cancel it'))
}

const findIntent = async (ask: Asking, reference: string): Promise<StripeIntent> =>
  readIntent(
    await ask('unknown', (stripe, options) =>
      stripe.paymentIntents.retrieve(reference, {}, options),
    ),
  )

function readIntent(answer: unknown): StripeIntent {
  const parsed = StripeIntent.safeParse(answer)
  if (!parsed.success) throw new ProviderFailed('unknown', parsed.error)
  return parsed.data
}

function unlessUntouched(charge: Charge | undefined): Charge {
  if (charge) return charge
  throw new ProviderFailed(
    'unknown',
    new Error('Stripe did what was asked, and shows nothing of it'),
  )
}

/** A PaymentMethod or a ConfirmationToken of Stripe.js; nothing that a card's number could be in. */
function paymentOf(token: string): Stripe.PaymentIntentConfirmParams | undefined {
  if (token.startsWith('pm_')) return { payment_method: token }
  if (token.startsWith('ctoken_')) return { confirmation_token: token }
  return undefined
}

const isIdempotencyError = (err: unknown): boolean =>
  err instanceof StripeRefused && err.type === 'StripeIdempotencyError'

const hashOf = ({ amount, means }: Order): string =>
  createHash('sha256')
    .update(JSON.stringify([amount.amountMinor, amount.currency, means.method, means.token]))
    .digest('hex')

/** Declined before Stripe was asked for money. */
const declined = (key: string, { paymentId, amount, means }: Order, reason: string): Charge => ({
  key,
  outcome: 'declined',
  reference: null,
  paymentId,
  amount,
  method: means.method,
  reason,
  actionUrl: null,
})

const cancelledBefore = (key: string): Charge => ({
  key,
  outcome: 'cancelled',
  reference: null,
  paymentId: null,
  amount: null,
  method: null,
  reason: null,
  actionUrl: null,
})
