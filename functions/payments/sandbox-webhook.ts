import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../_runtime/problem.ts'
import type { News } from './provider.ts'
import { BankCharge, chargeOf } from './sandbox-charge.ts'

const toleranceSeconds = 300

/**
 * Reads a webhook of the sandbox bank: `bank-signature: t=<unix seconds>,v1=<hex>`, where v1 is the
 * HMAC-SHA256 of `<t>.<body as it came>`. Several v1 let a key be changed; one that fits is enough. The
 * signature is checked before the time, so that only the bank learns which of them was wrong.
 */
export function readNews(
  key: string,
  rawBody: Buffer,
  headers: Record<string, string>,
  now: Date,
): News {
  const { time, signatures } = readHeader(headers['bank-signature'])
  const wanted = createHmac('sha256', key).update(`${time}.`).update(rawBody).digest()
  if (!signatures.some((given) => timingSafeEqual(given, wanted))) throw refused('signature')
  const apartSeconds = Math.abs(Math.floor(now.getTime() / 1000) - Number(time))
  if (apartSeconds > toleranceSeconds) throw refused('time')
  return readBody(rawBody)
}

const headerForm = /^t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,5})$/

function readHeader(header: string | undefined) {
  const [, time, list] = headerForm.exec(header ?? '') ?? []
  if (time === undefined || list === undefined) throw refused('signature')
  const signatures = list
    .split(',v1=')
    .slice(1)
    .map((hex) => Buffer.from(hex, 'hex'))
  return { time, signatures }
}

const Webhook = z.object({
  id: z.string().regex(/^[\w-]{1,255}$/),
  type: z.string().regex(/^[\w.-]{1,255}$/),
})
const ChargeData = z.object({ data: z.object({ charge: BankCharge }) })
const RefundData = z.object({ data: z.object({ refund: z.object({ key: z.uuid() }) }) })

function readBody(rawBody: Buffer): News {
  const text = rawBody.toString()
  const data = parse(text)
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    throw refused('body', err)
  }
}

const refused = (what: 'signature' | 'time' | 'body', cause?: unknown) =>
  new Problem('invalid-request', `The webhook is not taken: its ${what} is wrong`, {}, cause)
