import type { Means, Payment } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { asProblem, keyOf, KeyReused, paymentIdOf, ProviderFailed } from './provider.ts'
import { settle } from './settle.ts'
import { findPaymentRow, type PaymentRow } from './store/payments.ts'
import type { SettledRow } from './store/settle.ts'

export type Order = {
  orderId: string
  payerId: string
  amount: Money
  means: Means
  /** Which try of the payer it is; each has a key of its own at the provider. */
  attempt?: number
  isAwaited?: boolean
}

/**
 * Takes the money for an order, once however often it is asked. Throws `payment-declined`, `payment-fixed`
 * where the order was voided, `idempotency-key-reused` where it was charged otherwise, `busy` where nothing
 * was asked of the provider, and `time-limit` where the outcome is not known.
 */
export async function charge(deps: Deps, order: Order): Promise<Payment> {
  const { row, isCancelled } = await chargeOnce(deps, order)
  return resultOf(row, isCancelled)
}

/**
 * The provider first, with a key that makes it the same charge for ever; then what it said, in one
 * statement. A crash between the two loses nothing: whoever asks again meets the same charge.
 */
export async function chargeOnce(
  deps: Deps,
  { orderId, payerId, amount, means, attempt = 1, isAwaited = false }: Order,
): Promise<{ row: SettledRow; isCancelled: boolean }> {
  if (amount.amountMinor === 0) throw new Problem('invalid-request', 'A total of 0 needs no charge')
  failpoint('payments.before-charge')
  const known = await deps.provider
    .charge(keyOf(orderId, attempt), { paymentId: paymentIdOf(orderId), amount, means })
    .catch((err: unknown) => unlessUnknown(deps, err))
  failpoint('payments.charged')
  const row = await settle(deps, known, {
    orderId,
    attempt,
    payerId,
    amount,
    method: means.method,
    // Where this answer does not say how it ends, an event will.
    isAwaited: isAwaited || known === undefined || known.outcome === 'requires-action',
  })
  failpoint('payments.recorded')
  if (!row) throw new Error('a charge was settled and has no row')
  return { row, isCancelled: known?.outcome === 'cancelled' }
}

/** Undefined stands for an outcome that is not known. Anything else that failed had no effect. */
function unlessUnknown({ failed }: Deps, err: unknown): undefined {
  if (err instanceof KeyReused)
    throw new Problem(
      'idempotency-key-reused',
      'The order was charged with another amount or other means',
      {},
      err,
    )
  if (!(err instanceof ProviderFailed)) throw err
  failed.inc({ reason: err.effect === 'unknown' ? 'unknown' : 'unreachable' })
  if (err.effect === 'none') throw asProblem(err)
}

function resultOf(row: PaymentRow, isCancelled: boolean): Payment {
  const { payment, void_status } = row
  if (!payment || void_status !== null || payment.status === 'REFUNDED') throw fixed(payment)
  switch (payment.status) {
    case 'SUCCESS':
    case 'PARTIALLY_REFUNDED':
      return payment
    case 'FAILED':
      if (isCancelled) throw fixed(payment)
      throw new Problem('payment-declined', 'The provider declined the payment', {
        reason: payment.reason,
        payment,
      })
    case 'PENDING':
      if (payment.nextAction) return payment
      throw new Problem(
        'time-limit',
        'Whether the money was taken is unknown; ask again with the same key',
      )
  }
}

/** The payment has its end, and nothing can be charged for the order any more. */
export const fixed = (payment: Payment | null): Problem =>
  new Problem('payment-fixed', 'Nothing can be charged for this order any more', { payment })

/**
 * The payment of an order; where its end is not known here, the provider is asked. Throws `not-found` where
 * neither knows of one.
 */
export async function findPayment(deps: Deps, orderId: string): Promise<Payment> {
  const row = await findPaymentRow(deps.database, paymentIdOf(orderId))
  const isOpen = !row || (row.status === 'PENDING' && row.void_status === null && !row.is_imported)
  const payment = (isOpen && (await askAgain(deps, orderId, row?.attempt ?? 1))) || row?.payment
  if (payment) return payment
  throw new Problem('not-found', `There is no payment of the order ${orderId}`)
}

async function askAgain(deps: Deps, orderId: string, attempt: number): Promise<Payment | null> {
  const known = await deps.provider.find(keyOf(orderId, attempt)).catch((err: unknown) => {
    throw asProblem(err)
  })
  if (!known) return null
  const row = await settle(deps, known, { orderId, attempt })
  return row?.payment ?? null
}
