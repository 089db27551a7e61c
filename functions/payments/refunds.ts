import type { Payment } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import type { OutboxRow } from '../_runtime/broker.ts'
import { current } from '../_runtime/context.ts'
import type { Sql } from '../_runtime/database.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { asProblem } from './provider.ts'
import { findPaymentRow, lockPayment, type PaymentRow } from './store/payments.ts'
import {
  claimRefunds,
  findRefund,
  finishRefund,
  insertRefund,
  type DueRefund,
} from './store/refunds.ts'

export type RefundRequest = { paymentId: string; refundId: string; amount: Money }

/**
 * Gives money back, once for each refund's id. The refund stands as PENDING before the provider is asked, so
 * that whatever happens then, it is asked again until the money is back. Throws `not-found`,
 * `payment-fixed` with what there is to give back, and `time-limit` or `busy` where a sweep goes on with it.
 */
export async function refundPayment(deps: Deps, request: RefundRequest): Promise<Payment> {
  const due = await deps.database.transaction((tx) => registerRefund(tx, request))
  if (due.status === 'PENDING')
    await payBack(deps, due, { isAwaited: false }).catch((err: unknown) => {
      throw asProblem(err)
    })
  const row = await findPaymentRow(deps.database, request.paymentId)
  if (!row?.payment) throw noPayment(request.paymentId)
  return row.payment
}

/**
 * What races here: several refunds of one payment, and one refund that is asked for twice. The payment's row
 * is locked first, so they come one after the other, and each sees what those before it have set aside.
 */
async function registerRefund(
  tx: Sql,
  { paymentId, refundId, amount }: RefundRequest,
): Promise<DueRefund> {
  const row = await lockPayment(tx, paymentId)
  if (!row?.payment) throw noPayment(paymentId)
  const known = await findRefund(tx, refundId)
  if (known) return sameRefund(known, { paymentId, refundId, amount })
  const refundable = refundableOf(row)
  const { currency } = row.payment.amount
  if (amount.amountMinor === 0 || amount.currency !== currency || amount.amountMinor > refundable)
    throw new Problem('payment-fixed', 'There is not so much to give back', {
      captured: row.payment.amount,
      refundable: { amountMinor: refundable, currency },
    })
  await insertRefund(tx, { id: refundId, paymentId, amountMinor: amount.amountMinor })
  return asFound(await findRefund(tx, refundId))
}

function asFound(refund: DueRefund | undefined): DueRefund {
  if (!refund) throw new Error('a refund was written and is not there')
  return refund
}

function sameRefund(known: DueRefund, { paymentId, amount }: RefundRequest): DueRefund {
  if (known.payment_id === paymentId && Number(known.amount_minor) === amount.amountMinor)
    return known
  throw new Problem('payment-fixed', 'The refund was asked for with another amount', {
    refundId: known.id,
  })
}

/** What came and is neither back nor on its way back, in minor units. Imported payments are history. */
export function refundableOf({ payment, refund_due_minor, is_imported }: PaymentRow): number {
  if (!payment || is_imported) return 0
  if (payment.status !== 'SUCCESS' && payment.status !== 'PARTIALLY_REFUNDED') return 0
  return payment.amount.amountMinor - payment.refunded.amountMinor - Number(refund_due_minor)
}

/**
 * Has the provider give a refund's money back, then writes it down. Throws `ProviderFailed`; the refund then
 * stays due. `isAwaited` publishes it: whoever asked has no answer any more.
 */
export async function payBack(
  deps: Deps,
  { id, provider_reference, amount_minor, currency }: DueRefund,
  { isAwaited }: { isAwaited: boolean },
): Promise<void> {
  failpoint('payments.before-refund')
  await deps.provider.refund(id, {
    reference: provider_reference,
    amount: { amountMinor: Number(amount_minor), currency },
  })
  failpoint('payments.refunded')
  const told = await noteRefund(deps.database, id, isAwaited)
  failpoint('payments.refund-recorded')
  deps.outbox.send(told)
}

/**
 * Writes down that the money of a refund is back; nothing where that was known. Gives what is to be sent
 * after commit.
 */
export async function noteRefund(
  sql: Sql,
  refundId: string,
  isAwaited: boolean,
): Promise<OutboxRow[]> {
  const { correlationId: correlationid, traceparent } = current()
  const told = { id: newId(), correlationid, traceparent }
  const payment = await finishRefund(sql, refundId, told, isAwaited)
  if (!payment || !isAwaited) return []
  const type = 'dev.boxoffice.payment.refunded.v1'
  return [{ ...told, aggregatetype: 'payment', aggregateid: payment.id, type, payload: payment }]
}

const claimedMax = 20

/** Goes on with refunds that nobody waits for any more, for ever, more and more rarely. Gives how many. */
export async function finishRefunds(deps: Deps): Promise<number> {
  const due = await claimRefunds(deps.database, claimedMax)
  await Promise.all(
    due.map((refund) =>
      payBack(deps, refund, { isAwaited: true }).catch((err: unknown) =>
        deps.log.error({ err, refundId: refund.id }, 'a refund is still due; it is tried again'),
      ),
    ),
  )
  return due.length
}

const noPayment = (id: string) => new Problem('not-found', `There is no payment ${id}`)
