import * as z from 'zod'
import { ProviderFailed, type Charge, type News } from './provider.ts'
import { chargeOf, keyOfIntent, StripeIntent } from './stripe-charge.ts'
import { checkSigned, readJson, refused } from './webhook-signature.ts'

/**
 * Reads a webhook of Stripe. Its own SDK takes any time that lies ahead, and none into account where the
 * tolerance is 0; here it is 300 s both ways (docs.stripe.com/webhooks/signature).
 */
export function readNews(
  key: string,
  rawBody: Buffer,
  headers: Record<string, string>,
  now: Date,
): News {
  checkSigned(rawBody, headers['stripe-signature'], { key, now })
  const text = rawBody.toString()
  const data = readJson(text)
  const webhook = Webhook.safeParse(data)
  if (!webhook.success) throw refused('body')
  const { id, type } = webhook.data
  const charge = chargeTypes.has(type) ? readCharge(data) : undefined
  if (charge) return { id, type, text, about: 'charge', charge }
  const refund = RefundData.safeParse(data).data?.data.object
  if (refundTypes.has(type) && refund?.status === 'succeeded')
    return { id, type, text, about: 'refund', refundId: refund.metadata.boxoffice_refund }
  return { id, type, text, about: 'other' }
}

const Webhook = z.object({
  id: z.string().regex(/^[\w-]{1,255}$/),
  type: z.string().regex(/^[\w.-]{1,255}$/),
})

const chargeTypes = new Set([
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.canceled',
])
const IntentData = z.object({ data: z.object({ object: StripeIntent }) })

/** The state that came with the news, which may be older than what is known here: settling it says so. */
function readCharge(data: unknown): Charge | undefined {
  const intent = IntentData.safeParse(data).data?.data.object
  const key = intent && keyOfIntent(intent)
  if (!key) return undefined
  try {
    return chargeOf(intent, key)
  } catch (err) {
    // A state that says nothing about money is no news.
    if (err instanceof ProviderFailed) return undefined
    throw err
  }
}

const refundTypes = new Set(['refund.created', 'refund.updated', 'charge.refund.updated'])
const RefundData = z.object({
  data: z.object({
    object: z.object({ status: z.string(), metadata: z.object({ boxoffice_refund: z.uuid() }) }),
  }),
})
