import * as z from 'zod'
import type { News } from './provider.ts'
import { BankCharge, chargeOf } from './sandbox-charge.ts'
import { checkSigned, readJson, refused } from './webhook-signature.ts'

/** Reads a webhook of the sandbox bank, signed in `bank-signature`. */
export function readNews(
  key: string,
  rawBody: Buffer,
  headers: Record<string, string>,
  now: Date,
): News {
  checkSigned(rawBody, headers['bank-signature'], { key, now })
  const text = rawBody.toString()
  const data = readJson(text)
  const webhook = Webhook.safeParse(data)
  if (!webhook.success) throw refused('body')
  const { id, type } = webhook.data
  const charge = ChargeData.safeParse(data)
  if (type.startsWith('charge.') && charge.success)
    return { id, type, text, about: 'charge', charge: chargeOf(charge.data.data.charge) }
  const refund = RefundData.safeParse(data)
  if (type === 'refund.succeeded' && refund.success)
    return { id, type, text, about: 'refund', refundId: refund.data.data.refund.key }
  return { id, type, text, about: 'other' }
}

const Webhook = z.object({
  id: z.string().regex(/^[\w-]{1,255}$/),
  type: z.string().regex(/^[\w.-]{1,255}$/),
})
const ChargeData = z.object({ data: z.object({ charge: BankCharge }) })
const RefundData = z.object({ data: z.object({ refund: z.object({ key: z.uuid() }) }) })
