import type { Intent, Means, Payment } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import { Problem } from '../_runtime/problem.ts'
import { charge, fixed } from './charges.ts'
import type { Deps } from './deps.ts'
import { asProblem, keyOf } from './provider.ts'
import { settle } from './settle.ts'
import {
  findIntent,
  findIntentOfOrder,
  insertIntent,
  openNextAttempt,
  type IntentRow,
} from './store/intents.ts'

/** Registers what an order will cost. Repeating it changes nothing; where it would, it throws `payment-fixed`. */
export async function prepareIntent(
  { database }: Deps,
  intent: { id: string; orderId: string; payerId: string; amount: Money },
): Promise<Intent> {
  const { id, orderId, payerId, amount } = intent
  if (amount.amountMinor === 0)
    throw new Problem('invalid-request', 'A total of 0 needs no payment')
  await insertIntent(database, intent)
  const row = await findIntent(database, id)
  const isSame =
    row?.order_id === orderId &&
    row.payer_id === payerId &&
    Number(row.amount_minor) === amount.amountMinor &&
    row.currency === amount.currency
  if (!isSame) throw new Problem('payment-fixed', 'The order has another intent already')
  return presentIntent(row)
}

/** The intent of the payer's own order; `not-found` for anybody else's. */
export async function intentOfOrder(
  { database }: Deps,
  orderId: string,
  payerId: string,
): Promise<Intent> {
  const row = await findIntentOfOrder(database, orderId)
  if (row?.payer_id !== payerId)
    throw new Problem('not-found', 'You have no order that waits for its payment under this id')
  return presentIntent(row)
}

const attemptsMax = 10

/**
 * Pays an intent. The saga goes on by the event, so the payer's answer may be lost. A declined payer may try
 * again: each attempt has a key of its own at the provider, and begins only once the provider has said that
 * the one before it can take no money any more. So two attempts never both pay.
 */
export async function confirmIntent(
  deps: Deps,
  { id, payerId, means }: { id: string; payerId: string; means: Means },
): Promise<Payment> {
  // Each round follows from what another request did meanwhile; there cannot be more of them than attempts.
  for (let round = 0; round < attemptsMax * 2; round++) {
    const intent = await findIntent(deps.database, id)
    if (intent?.payer_id !== payerId) throw new Problem('not-found', `You have no intent ${id}`)
    const { payment, attempts } = intent
    if (intent.is_closed || payment?.status === 'REFUNDED') throw fixed(payment)
    if (payment?.status === 'SUCCESS' || payment?.status === 'PARTIALLY_REFUNDED') return payment
    if (payment?.status === 'FAILED' && intent.attempt === attempts) {
      if (attempts >= attemptsMax) throw fixed(payment)
      await openNextAttempt(deps.database, id, attempts)
      continue
    }
    try {
      return await charge(deps, orderOf(intent, means))
    } catch (err) {
      if (!(err instanceof Problem && err.code === 'idempotency-key-reused')) throw err
      await endAttempt(deps, intent)
    }
  }
  throw new Problem('busy', 'Others pay the same intent; try again')
}

const orderOf = (intent: IntentRow, means: Means) => ({
  orderId: intent.order_id,
  payerId: intent.payer_id,
  amount: { amountMinor: Number(intent.amount_minor), currency: intent.currency },
  means,
  attempt: intent.attempts,
  isAwaited: true,
})

/** The payer comes with other means while the attempt has no end yet, as after a 3-D Secure page he left. */
async function endAttempt(deps: Deps, { order_id, payer_id, attempts }: IntentRow): Promise<void> {
  const ended = await deps.provider.cancel(keyOf(order_id, attempts)).catch((err: unknown) => {
    throw asProblem(err)
  })
  await settle(deps, ended, {
    orderId: order_id,
    attempt: attempts,
    payerId: payer_id,
    reason: 'replaced',
    isAwaited: true,
  })
}

/** A declined attempt leaves an intent as it was: PENDING until it is paid or closed. */
function presentIntent(row: IntentRow): Intent {
  const { id, order_id, amount_minor, currency, payment, is_closed } = row
  const isOpen = !payment || payment.status === 'FAILED'
  return {
    id,
    orderId: order_id,
    status: isOpen ? (is_closed ? 'FAILED' : 'PENDING') : payment.status,
    amount: { amountMinor: Number(amount_minor), currency },
  }
}
