import type { createBase } from './outbox.ts'
import type { Row, Table } from './tables.ts'

/** The tables of payments' own. */
export type PaymentsTables = Record<
  'payments' | 'refunds' | 'provider_events' | 'intents',
  Table
> & { tell: ReturnType<typeof createBase>['tell'] }

/** `paymentJson`: as the contract shows it. */
export function presented(p: Row | undefined): Row | null {
  if (!p || p.amount_minor === null) return null
  const money = (amountMinor: number) => ({ amountMinor, currency: p.currency })
  return {
    id: p.id,
    orderId: p.order_id,
    status: p.status,
    amount: money(p.amount_minor),
    refunded: money(p.refunded_minor),
    method: p.method,
    reason: p.reason,
    nextAction: p.next_action_url === null ? null : { url: p.next_action_url },
    createdAt: p.created_at.toISOString(),
  }
}

/** `paymentColumns`; nulls where there is no row. */
export const shown = (p: Row | undefined): Row => ({
  payment: presented(p),
  status: p?.status ?? null,
  payer_id: p?.payer_id ?? null,
  attempt: p?.attempt ?? null,
  void_status: p?.void_status ?? null,
  provider_reference: p?.provider_reference ?? null,
  refund_due_minor: p ? String(p.refund_due_minor) : null,
  is_imported: p?.is_imported ?? null,
  told_id: p?.told_id ?? null,
})

/** A row of payments with the defaults of its table. */
export const newPayment = (given: Row, now: Date): Row => ({
  payer_id: null,
  amount_minor: null,
  currency: null,
  method: null,
  attempt: 1,
  provider: null,
  provider_reference: null,
  reason: null,
  next_action_url: null,
  refunded_minor: 0,
  refund_due_minor: 0,
  is_awaited: false,
  void_status: null,
  told_id: null,
  external_id: null,
  imported: null,
  is_imported: false,
  version: 1,
  check_at: now,
  pending_since: now,
  created_at: now,
  ...given,
})

/** `tellNews`: to be sent only where the saga waits for it. */
export function tellNews(tables: PaymentsTables, payment: Row, news: Row, now: Date): void {
  const { id, type, isAwaited, correlationid, traceparent } = news
  const row = { id, aggregatetype: 'payment', aggregateid: payment.id, type }
  tables.tell([{ ...row, payload: presented(payment), correlationid, traceparent }], now, isAwaited)
}
