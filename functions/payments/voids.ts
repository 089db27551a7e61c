import type { Payment } from '../../contracts/payments.ts'
import { current } from '../_runtime/context.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { derivedId, newId } from '../_runtime/ids.ts'
import type { Deps } from './deps.ts'
import { asProblem, keyOf, paymentIdOf, type Charge } from './provider.ts'
import { payBack, refundableOf } from './refunds.ts'
import { findPaymentRow, lockPayment } from './store/payments.ts'
import { dueRefundsOf, insertRefund, type DueRefund } from './store/refunds.ts'
import { beginVoid, endVoid, noteTaken } from './store/voids.ts'

/**
 * Makes sure that no money is with us for the order and none can come. Idempotent; gives the payment, or null
 * where there never was one. Throws `time-limit` or `busy` where the provider does not answer: a sweep goes
 * on then, and whoever asks again is told how it ended.
 *
 * What races here: a charge of the order that is on its way, and its webhook. First our row says that the
 * order is voided, so that no charge is answered with success from now on. Then every key that the order may
 * have used is cancelled at the provider: either it took no money under the key and never will, or it has
 * taken it, and then it goes back.
 */
export async function voidPayment(deps: Deps, orderId: string): Promise<Payment | null> {
  const paymentId = paymentIdOf(orderId)
  const begun = await beginVoid(deps.database, { orderId, paymentId })
  if (begun.is_known && (begun.void_status === 'DONE' || begun.is_imported)) return begun.payment
  failpoint('payments.void-begun')
  const attempts = Array.from({ length: begun.attempts }, (_, i) => i + 1)
  const charges = await Promise.all(
    attempts.map((attempt) => deps.provider.cancel(keyOf(orderId, attempt))),
  ).catch(rethrow)
  // At most one: an attempt begins only once the one before it is declined or cancelled at the provider.
  const taken = charges.findIndex(({ outcome }) => outcome === 'succeeded')
  if (taken === -1) await endUntaken(deps, orderId)
  else await giveBack(deps, orderId, charges[taken] as Charge, taken + 1)
  failpoint('payments.voided')
  const row = await findPaymentRow(deps.database, paymentId)
  return row?.payment ?? null
}

async function endUntaken({ database }: Deps, orderId: string): Promise<void> {
  const { correlationId: correlationid, traceparent } = current()
  const isOver = await endVoid(database, orderId, { id: newId(), correlationid, traceparent })
  if (!isOver) throw new Error('the provider took no money for a payment that succeeded')
}

/** Everything that is left of the charge, and every refund of it that is still on its way. */
async function giveBack(
  deps: Deps,
  orderId: string,
  charge: Charge,
  attempt: number,
): Promise<void> {
  const due = await deps.database.transaction(async (tx): Promise<DueRefund[]> => {
    const paymentId = paymentIdOf(orderId)
    await lockPayment(tx, paymentId)
    await noteTaken(tx, { paymentId, attempt, provider: deps.provider.name, ...wholeOf(charge) })
    const row = await lockPayment(tx, paymentId)
    const amountMinor = row ? refundableOf(row) : 0
    const refundId = derivedId(orderId, 'void')
    if (amountMinor > 0) await insertRefund(tx, { id: refundId, paymentId, amountMinor })
    return dueRefundsOf(tx, paymentId)
  })
  await Promise.all(due.map((refund) => payBack(deps, refund, { isAwaited: false }))).catch(rethrow)
}

function wholeOf({ reference, amount, method }: Charge) {
  if (!reference || !amount || !method)
    throw new Error('the provider took money and does not say how much')
  return { reference, method, ...amount }
}

function rethrow(err: unknown): never {
  throw asProblem(err)
}
