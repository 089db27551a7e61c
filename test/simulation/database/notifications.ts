import { createBase } from './outbox.ts'
import { after, json, Table, unnest, type Engine, type Row } from './tables.ts'

/** The database of notifications. */
export function createNotificationsDatabase(): Engine {
  const base = createBase()
  const table = () => new Table(base.journal)
  const own = { contacts: table(), messages: table(), deliveries: table() }
  const statements = { ...base.statements, ...messageStatements(own) }
  return { ...base, tables: { ...base.tables, ...own }, statements }
}

type Tables = Record<'contacts' | 'messages' | 'deliveries', Table>

const messageColumns =
  'id recipient_id kind order_id order_version is_over subject facts sealed correlation_id'

function messageStatements({ contacts, messages, deliveries }: Tables): Engine['statements'] {
  function insert(asked: Row, now: Date): Row {
    const { kind, order_id, order_version, is_over, recipient_id } = asked
    const ofOrder = messages.where((m) => m.order_id === order_id)
    const isTooLate = kind === 'tickets' && ofOrder.some((m) => m.is_over)
    const isSame = (m: Row) => m.kind === kind && m.order_version === order_version
    const isNew = !isTooLate && !ofOrder.some(isSame)
    if (is_over)
      for (const m of ofOrder)
        if (m.kind === 'tickets' && m.status === 'QUEUED')
          messages.change(m.id, { status: 'FAILED', reason: 'order-over', sealed: null })
    const isReachable = contacts.get(recipient_id) !== undefined
    if (isNew)
      messages.put(asked.id, {
        ...asked,
        facts: json(JSON.parse(asked.facts)),
        status: 'QUEUED',
        reason: null,
        attempts: 0,
        due_at: isReachable ? now : after(now, 600),
        created_at: now,
        sent_at: null,
      })
    return { is_new: isNew, is_reachable: isReachable }
  }

  return {
    'contact-keep': ([user_id, sealed, version]) => {
      const known = contacts.get(user_id)
      if (known && known.version >= version) return []
      contacts.put(user_id, { user_id, sealed, version })
      return [{ '?column?': 1 }]
    },
    'messages-release': ([recipientIds], now) =>
      messages
        .where((m) => recipientIds.includes(m.recipient_id) && !!contacts.get(m.recipient_id))
        .filter((m) => m.status === 'QUEUED' && m.attempts === 0 && m.due_at > now)
        .map((m) => {
          messages.change(m.id, { due_at: now })
          return { recipient_id: m.recipient_id }
        }),
    'message-insert': (values, now) =>
      unnest(messageColumns, values).map((asked) => insert(asked, now)),
    'messages-claim': ([limit, leaseSeconds], now) =>
      messages
        .where((m) => m.status === 'QUEUED' && m.due_at <= now && !!contacts.get(m.recipient_id))
        .toSorted((a, b) => a.attempts - b.attempts || a.due_at - b.due_at)
        .slice(0, limit)
        .map((m) =>
          messages.change(m.id, { attempts: m.attempts + 1, due_at: after(now, leaseSeconds) }),
        )
        .map((m) => {
          const key = `${m.id}/${m.attempts}`
          const nothing = { ended_at: null, outcome: null, detail: null }
          deliveries.put(key, {
            message_id: m.id,
            attempt: m.attempts,
            started_at: now,
            ...nothing,
          })
          const { id, recipient_id, kind, order_id, subject, facts, sealed, attempts } = m
          return {
            id,
            recipient_id,
            kind,
            order_id,
            subject,
            facts,
            sealed,
            attempts,
            correlation_id: m.correlation_id,
            contact: contacts.get(recipient_id)?.sealed,
          }
        }),
    'delivery-end': ([id, attempt, outcome, detail, status, waitSeconds, forgets], now) => {
      const key = `${id}/${attempt}`
      if (deliveries.get(key)) deliveries.change(key, { outcome, detail, ended_at: now })
      const m = messages.get(id)
      if (m && (status === 'SENT' || (m.status === 'QUEUED' && m.attempts === attempt)))
        messages.change(id, {
          status,
          reason: detail,
          due_at: after(now, waitSeconds),
          sent_at: status === 'SENT' ? now : null,
          sealed: status === 'QUEUED' ? m.sealed : null,
          recipient_id: forgets ? null : m.recipient_id,
        })
      return []
    },
  }
}
