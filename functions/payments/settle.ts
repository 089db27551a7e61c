import type { Means } from '../../contracts/payments.ts'
import type { Money } from '../../contracts/primitives.ts'
import { current } from '../_runtime/context.ts'
import { newId } from '../_runtime/ids.ts'
import type { Deps } from './deps.ts'
import { paymentIdOf, type Charge } from './provider.ts'
import type { Settlement, SettledRow } from './store/settle.ts'

/** Whose charge it is, and what is known of it on our side. */
export type Subject = {
  orderId: string
  attempt: number
  payerId?: string
  amount?: Money
  method?: Means['method']
  /** The saga goes on by an event, not by an answer. */
  isAwaited?: boolean
  /** Why, where the provider says no more than that the key is cancelled. */
  reason?: string
  /** The webhook that told it. */
  event?: { id: string; type: string }
}

/**
 * Writes down what the provider says of a charge, or, without one, that nothing is known yet. Tells the saga
 * where it waits for it. Idempotent; undefined only for a webhook that was taken before.
 */
export async function settle(
  deps: Deps,
  charge: Charge | undefined,
  subject: Subject,
): Promise<SettledRow | undefined> {
  const settlement = settlementOf(deps.provider.name, charge, subject)
  const row = await deps.settle(settlement)
  if (row) publish(deps, settlement, row)
  if (row?.is_changed && row.status === 'FAILED') deps.failed.inc({ reason: labelOf(row) })
  return row
}

function settlementOf(provider: string, charge: Charge | undefined, subject: Subject): Settlement {
  const { orderId, attempt, event } = subject
  const amount = subject.amount ?? charge?.amount ?? null
  const needsAction = charge?.outcome === 'requires-action'
  return {
    payment_id: paymentIdOf(orderId),
    order_id: orderId,
    payer_id: subject.payerId ?? null,
    amount_minor: amount?.amountMinor ?? null,
    currency: amount?.currency ?? null,
    method: subject.method ?? charge?.method ?? null,
    status: statusOf(charge),
    attempt,
    provider,
    provider_reference: charge?.reference ?? null,
    reason: reasonOf(charge, subject),
    next_action_url: needsAction ? charge.actionUrl : null,
    is_awaited: subject.isAwaited ?? false,
    told_id: newId(),
    correlationid: current().correlationId,
    traceparent: current().traceparent,
    event_id: event?.id ?? null,
    event_type: event?.type ?? null,
  }
}

function statusOf(charge: Charge | undefined): Settlement['status'] {
  if (charge?.outcome === 'succeeded') return 'SUCCESS'
  return charge === undefined || charge.outcome === 'requires-action' ? 'PENDING' : 'FAILED'
}

function reasonOf(charge: Charge | undefined, { reason }: Subject): string | null {
  if (charge?.outcome === 'declined') return charge.reason ?? 'declined'
  return charge?.outcome === 'cancelled' ? (reason ?? 'cancelled') : null
}

function publish(
  { outbox }: Deps,
  { told_id, correlationid, traceparent }: Settlement,
  { told_type, is_awaited, payment }: SettledRow,
): void {
  if (told_type === null || !is_awaited || !payment) return
  outbox.send([
    {
      id: told_id,
      aggregatetype: 'payment',
      aggregateid: payment.id,
      type: told_type,
      payload: payment,
      correlationid,
      traceparent,
    },
  ])
}

const labels = new Set([
  'card_declined',
  'insufficient_funds',
  'invalid_token',
  'authentication_failed',
  'cancelled',
  'replaced',
  'no-answer',
])

/** A metric's labels are bounded; what a provider may say is not. */
const labelOf = ({ payment }: SettledRow): string =>
  payment?.reason && labels.has(payment.reason) ? payment.reason : 'other'
