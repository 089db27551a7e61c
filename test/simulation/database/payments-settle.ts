import { newPayment, shown, tellNews, type PaymentsTables, presented } from './payments-rows.ts'
import { after, by, byId, refused, secondsSince, type Engine, type Row } from './tables.ts'

/** store/settle.ts of payments. */
export function settleStatements(tables: PaymentsTables): Engine['statements'] {
  return {
    'payment-settle': ([text, , correlationids, traceparents], now) =>
      (JSON.parse(text) as Row[]).flatMap((asked, i) => {
        const told = { correlationid: correlationids[i], traceparent: traceparents[i] }
        return settle(tables, { ...asked, ...told }, now)
      }),
  }
}

const counts = (n: Row, p: Row): boolean =>
  !p.is_imported &&
  ((n.status === 'SUCCESS' && ['PENDING', 'FAILED'].includes(p.status)) ||
    (n.status !== 'SUCCESS' &&
      p.void_status === null &&
      ((['PENDING', 'FAILED'].includes(p.status) && n.attempt > p.attempt) ||
        (p.status === 'PENDING' && n.attempt === p.attempt))))

function settle(tables: PaymentsTables, n: Row, now: Date): Row[] {
  const { payments } = tables
  const before = payments.get(n.payment_id)
  const isNews = isFirst(tables, n, now) && (!before || changesAnything(n, before))
  const p = isNews ? payments.put(n.payment_id, settled(n, before, now)) : before
  if (!p) return []
  const told_type = isNews && p.told_id === n.told_id ? tellOf(tables, p, n, now) : null
  const { order_id, is_awaited } = p
  return [{ order_id, ...shown(p), is_awaited, told_type }]
}

function isFirst({ provider_events }: PaymentsTables, n: Row, now: Date): boolean {
  if (n.event_id === null) return true
  const key = `${n.provider}/${n.event_id}`
  if (provider_events.get(key)) return false
  const { provider, event_id: id, event_type: type } = n
  provider_events.put(key, { provider, id, type, parked: null, received_at: now })
  return true
}

const isAskedFor = (n: Row, p: Row) => !p.is_imported && n.is_awaited && !p.is_awaited

const changesAnything = (n: Row, p: Row): boolean =>
  counts(n, p) || isAskedFor(n, p) || (p.payer_id === null && n.payer_id !== null)

function settled(n: Row, p: Row | undefined, now: Date): Row {
  const { attempt, provider, reason, status, told_id } = n
  const check_at = after(now, n.next_action_url === null ? 5 : 60)
  if (!p) {
    const { payment_id: id, order_id, payer_id, amount_minor, currency, method, is_awaited } = n
    const { provider_reference, next_action_url } = n
    return newPayment(
      {
        id,
        order_id,
        payer_id,
        amount_minor,
        currency,
        method,
        status,
        attempt,
        provider,
        provider_reference,
        reason,
        next_action_url,
        is_awaited,
        told_id,
        check_at,
      },
      now,
    )
  }
  const url = status === 'PENDING' ? (n.next_action_url ?? p.next_action_url) : null
  const isVoided = status === 'SUCCESS' && p.void_status !== null
  return {
    ...p,
    ...(counts(n, p)
      ? {
          status,
          attempt,
          provider,
          reason,
          check_at,
          provider_reference: n.provider_reference ?? p.provider_reference,
          next_action_url: url,
          pending_since: attempt > p.attempt ? now : p.pending_since,
          void_status: isVoided ? 'OPEN' : p.void_status,
        }
      : {}),
    told_id: counts(n, p) || isAskedFor(n, p) ? told_id : p.told_id,
    is_awaited: p.is_awaited || (n.is_awaited && !p.is_imported),
    payer_id: p.payer_id ?? n.payer_id,
    amount_minor: p.amount_minor ?? n.amount_minor,
    currency: p.currency ?? n.currency,
    method: p.method ?? n.method,
    version: p.version + 1,
  }
}

/** What the news is called, where there is any to tell. */
function tellOf(tables: PaymentsTables, p: Row, n: Row, now: Date): string | null {
  const isVoided = p.void_status !== null
  const mayTryAgain =
    p.status === 'FAILED' &&
    !isVoided &&
    tables.intents.some((intent) => intent.order_id === p.order_id && !intent.is_closed)
  if (p.status === 'PENDING' || p.amount_minor === null) return null
  if ((isVoided && p.status === 'SUCCESS') || mayTryAgain) return null
  const isPaid = !isVoided && ['SUCCESS', 'PARTIALLY_REFUNDED'].includes(p.status)
  const type = `dev.boxoffice.payment.${isPaid ? 'succeeded' : 'failed'}.v1`
  const { told_id: id, correlationid, traceparent } = n
  tellNews(tables, p, { id, type, isAwaited: p.is_awaited, correlationid, traceparent }, now)
  return type
}

/** store/refunds.ts of payments. */
export function refundStatements(tables: PaymentsTables): Engine['statements'] {
  const { payments, refunds } = tables
  const view = ({ id, payment_id, amount_minor, status }: Row) => ({
    id,
    payment_id,
    status,
    amount_minor: String(amount_minor),
    currency: payments.get(payment_id)?.currency,
    provider_reference: payments.get(payment_id)?.provider_reference,
  })
  return {
    'refund-find': ([id]) => refunds.where((refund) => refund.id === id).map(view),
    'refund-insert': ([id, payment_id, amount], now) => {
      const p = payments.get(payment_id)
      const due = (p?.refund_due_minor ?? 0) + Number(amount)
      if (refunds.get(id)) throw refused('23505', 'refunds_pkey')
      if (p?.amount_minor < (p?.refunded_minor ?? 0) + due)
        throw refused('23514', 'payments_refunds')
      if (!p) throw refused('23503', 'refunds_payment_id_fkey')
      payments.change(payment_id, { refund_due_minor: due, version: p.version + 1 })
      refunds.put(id, {
        id,
        payment_id,
        amount_minor: Number(amount),
        status: 'PENDING',
        tries: 0,
        due_at: after(now, 10),
        created_at: now,
      })
      return []
    },
    'refunds-due-of': ([paymentId]) =>
      refunds
        .where(({ payment_id, status }) => payment_id === paymentId && status === 'PENDING')
        .toSorted(byId)
        .map(view),
    'refund-finish': (values, now) => finish(tables, values, now),
    'refunds-claim': ([limit], now) =>
      refunds
        .where(({ status, due_at }) => status === 'PENDING' && due_at <= now)
        .toSorted(by('due_at'))
        .slice(0, limit)
        .map(({ id, tries, created_at }) =>
          view(
            refunds.change(id, {
              tries: tries + 1,
              due_at: after(now, Math.min(600, Math.max(5, secondsSince(created_at, now) / 20))),
            }),
          ),
        ),
  }
}

function finish(tables: PaymentsTables, values: any[], now: Date): Row[] {
  const { payments, refunds } = tables
  const [refundId, id, correlationid, traceparent, isAwaited] = values
  const refund = refunds.get(refundId)
  if (refund?.status !== 'PENDING') return []
  refunds.change(refundId, { status: 'SUCCESS' })
  const p = payments.get(refund.payment_id) as Row
  const refunded_minor = p.refunded_minor + refund.amount_minor
  const isWhole = refunded_minor === p.amount_minor
  const moved = payments.change(p.id, {
    refunded_minor,
    refund_due_minor: p.refund_due_minor - refund.amount_minor,
    status: isWhole ? 'REFUNDED' : 'PARTIALLY_REFUNDED',
    void_status: p.void_status !== null && isWhole ? 'DONE' : p.void_status,
    version: p.version + 1,
  })
  const type = 'dev.boxoffice.payment.refunded.v1'
  tellNews(tables, moved, { id, type, isAwaited, correlationid, traceparent }, now)
  return [{ payment: presented(moved) }]
}
