import { PaymentMethod } from '../../contracts/payments.ts'
import * as z from 'zod'
import type { Charge } from './provider.ts'

const Word = z.string().regex(/^[\w:.-]{1,255}$/)

/** A charge as the bank shows it. What comes from there is data from outside, like any other. */
export const BankCharge = z.object({
  id: Word.optional(),
  key: Word,
  status: z.enum(['succeeded', 'declined', 'requires_action', 'cancelled']),
  amountMinor: z.int().positive().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  method: PaymentMethod.optional(),
  reference: Word.optional(),
  declineCode: Word.optional(),
  actionUrl: z.url().max(2000).optional(),
})

export function chargeOf(given: z.output<typeof BankCharge>): Charge {
  const { id, key, status, amountMinor, currency } = given
  return {
    key,
    outcome: status === 'requires_action' ? 'requires-action' : status,
    reference: id ?? null,
    paymentId: given.reference ?? null,
    amount: amountMinor === undefined || !currency ? null : { amountMinor, currency },
    method: given.method ?? null,
    reason: given.declineCode ?? null,
    actionUrl: given.actionUrl ?? null,
  }
}
