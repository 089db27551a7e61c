import { newPayment, presented, shown, tellNews, type PaymentsTables } from './payments-rows.ts'
import { after, type Engine, type Row } from './tables.ts'

/** store/intents.ts */
export function intentStatements({ intents, payments }: PaymentsTables): Engine['statements'] {
  const present = (intent: Row): Row => {
    const payment = payments.where((p) => p.order_id === intent.order_id)[0]
    const { id, order_id, payer_id, amount_minor, currency, attempts, is_closed } = intent
    return {
      id,
      order_id,
      payer_id,
      currency,
      attempts,
      amount_minor: String(amount_minor),
      is_closed: is_closed || (payment !== undefined && payment.void_status !== null),
      payment: presented(payment),
      attempt: payment?.attempt ?? null,
    }
  }
  return {
    'intent-insert': ([id, order_id, payer_id, amount_minor, currency], now) => {
      if (intents.get(id) || intents.some((one) => one.order_id === order_id)) return []
      intents.put(id, {
        id,
        order_id,
        payer_id,
        amount_minor,
        currency,
        attempts: 1,
        is_closed: false,
        created_at: now,
      })
      return []
    },
    'intent-find': ([id]) => intents.where((one) => one.id === id).map(present),
    'intent-of-order': ([id]) => intents.where((one) => one.order_id === id).map(present),
    'intent-next-attempt': ([id, attempts]) => {
      const intent = intents.get(id)
      if (intent?.attempts === attempts && !intent?.is_closed)
        intents.change(id, { attempts: attempts + 1 })
      return []
    },
  }
}

/** store/voids.ts */
export function voidStatements(tables: PaymentsTables): Engine['statements'] {
  const { payments, intents } = tables
  return {
    'void-begin': ([order_id, id], now) => {
      const closed = intents
        .where((one) => one.order_id === order_id)
        .map((one) => intents.change(one.id, { is_closed: true }))
      const check_at = after(now, 10)
      const p = payments.get(id)
      if (!p)
        payments.put(
          id,
          newPayment({ id, order_id, status: 'PENDING', void_status: 'OPEN', check_at }, now),
        )
      else if (p.void_status === null && !p.is_imported)
        payments.change(id, {
          void_status: p.status === 'REFUNDED' ? 'DONE' : 'OPEN',
          check_at,
          version: p.version + 1,
        })
      const attempts = closed[0]?.attempts ?? 1
      return [{ attempts, is_known: true, ...shown(payments.get(id)) }]
    },
    'void-end': ([orderId, told_id, correlationid, traceparent], now) =>
      payments
        .where(
          (p) =>
            p.order_id === orderId &&
            p.void_status !== null &&
            ['PENDING', 'FAILED'].includes(p.status),
        )
        .map((p) => {
          const isOpen = p.status === 'PENDING'
          const ended = payments.change(p.id, {
            void_status: 'DONE',
            status: 'FAILED',
            next_action_url: null,
            reason: isOpen ? 'voided' : p.reason,
            told_id: isOpen ? told_id : p.told_id,
            version: p.version + 1,
          })
          const type = 'dev.boxoffice.payment.failed.v1'
          const news = { id: told_id, type, isAwaited: false, correlationid, traceparent }
          if (isOpen && p.amount_minor !== null) tellNews(tables, ended, news, now)
          return { id: p.id }
        }),
    'void-taken': ([id, attempt, provider, provider_reference, amount_minor, currency, method]) => {
      const p = payments.get(id)
      if (!p || !['PENDING', 'FAILED'].includes(p.status)) return []
      payments.change(id, {
        status: 'SUCCESS',
        void_status: 'OPEN',
        reason: null,
        next_action_url: null,
        attempt,
        provider,
        provider_reference,
        amount_minor,
        currency,
        method,
        version: p.version + 1,
      })
      return []
    },
  }
}
