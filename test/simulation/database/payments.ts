import { createBase } from './outbox.ts'
import { intentStatements, voidStatements } from './payments-intents.ts'
import { shown, type PaymentsTables } from './payments-rows.ts'
import { refundStatements, settleStatements } from './payments-settle.ts'
import { after, by, Table, type Engine } from './tables.ts'

/** payments' database. */
export function createPaymentsDatabase(): Engine {
  const base = createBase()
  const table = () => new Table(base.journal)
  const own = { payments: table(), refunds: table(), provider_events: table(), intents: table() }
  const tables = { ...own, tell: base.tell }
  const statements = {
    ...base.statements,
    ...paymentStatements(tables),
    ...intentStatements(tables),
    ...voidStatements(tables),
    ...settleStatements(tables),
    ...refundStatements(tables),
  }
  return { ...base, tables: { ...base.tables, ...own }, statements }
}

function paymentStatements({ payments, provider_events }: PaymentsTables): Engine['statements'] {
  const find = ([id]: any[]) => payments.where((p) => p.id === id).map(shown)
  return {
    'payment-find': find,
    'payment-lock': find,
    'payments-claim': ([limit], now) =>
      payments
        .where((p) => (p.status === 'PENDING' || p.void_status === 'OPEN') && p.check_at <= now)
        .toSorted(by('check_at'))
        .slice(0, limit)
        .map((p) =>
          payments.change(p.id, { check_at: after(now, p.next_action_url === null ? 10 : 60) }),
        )
        .map((p) => ({
          order_id: p.order_id,
          attempt: p.attempt,
          is_voided: p.void_status !== null,
          is_overdue: p.next_action_url === null && p.pending_since < after(now, -30),
        })),
    'provider-event-insert': ([provider, id, type, parked], now) => {
      const key = `${provider}/${id}`
      if (provider_events.get(key)) return []
      provider_events.put(key, { provider, id, type, parked, received_at: now })
      return [{ '?column?': 1 }]
    },
  }
}
