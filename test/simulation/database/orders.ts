import { orderRefundStatements } from './orders-refunds.ts'
import { shown, type OrdersTables } from './orders-rows.ts'
import { orderStatements } from './orders-settle.ts'
import { createBase } from './outbox.ts'
import { after, by, dateOf, Table, type Engine, type Row } from './tables.ts'

/** orders' database. */
export function createOrdersDatabase(): Engine {
  const base = createBase()
  const table = () => new Table(base.journal)
  const own = {
    events: table(),
    orders: table(),
    order_lines: table(),
    kept_answers: table(),
    refunds: table(),
  }
  const tables = { ...own, tell: base.tell }
  const statements = {
    ...base.statements,
    ...eventStatements(tables),
    ...dueStatements(tables),
    ...orderStatements(tables),
    ...orderRefundStatements(tables),
  }
  return { ...base, tables: { ...base.tables, ...own }, statements }
}

function eventStatements({ events, orders }: OrdersTables): Engine['statements'] {
  return {
    'event-keep': ([id, title, status, starts, ends, onSale, currency, version, organizer_id]) => {
      const known = events.get(id)
      const times = { starts_at: dateOf(starts), ends_at: dateOf(ends), on_sale_at: dateOf(onSale) }
      if (!known) events.put(id, { id, title, status, ...times, currency, version, organizer_id })
      else if (known.version < version)
        events.change(id, { title, status, ...times, version, organizer_id })
      return []
    },
    'event-refundable': ([id, hours], now) => {
      const event = events.get(id)
      const isOpen = event?.status === 'CANCELLED' || event?.starts_at > after(now, hours * 3600)
      return event && isOpen ? [{ '?column?': 1 }] : []
    },
    'order-tickets': ([ids], now) => {
      for (const { id, status, due_at } of orders.where(
        (order) => ids.includes(order.id) && order.tickets_issued_at === null,
      ))
        orders.change(id, {
          tickets_issued_at: now,
          due_at: status === 'CONFIRMED' ? null : due_at,
        })
      return []
    },
    'order-confirmed-rows': ([ids], now) =>
      orders
        .where(
          ({ id, confirmed_outbox_id, tickets_issued_at }) =>
            ids.includes(id) && confirmed_outbox_id !== null && tickets_issued_at === null,
        )
        .map(({ id }) => orders.change(id, { due_at: after(now, 60) }))
        .map(({ confirmed_outbox_id }) => ({ confirmed_outbox_id })),
  }
}

/** store/due.ts */
function dueStatements(tables: OrdersTables): Engine['statements'] {
  const { orders } = tables
  const claim = ({ id, version }: Row, leaseSeconds: number, now: Date) =>
    orders.change(id, { due_at: after(now, leaseSeconds), version: version + 1 })
  return {
    'orders-claim': ([limit, leaseSeconds], now) =>
      orders
        .where(({ due_at }) => due_at !== null && due_at <= now)
        .toSorted(by('due_at'))
        .slice(0, limit)
        .map((order) => shown(tables, claim(order, leaseSeconds, now))),
    'order-claim': ([id, leaseSeconds], now) =>
      orders
        .where(
          (order) =>
            order.id === id &&
            (order.due_at === null || order.due_at <= now) &&
            ['PENDING', 'HELD', 'PAID'].includes(order.status),
        )
        .map((order) => shown(tables, claim(order, leaseSeconds, now))),
    'order-hold-keep': ([id, expires], now) => {
      const order = orders.get(id)
      const expiresAt = dateOf(expires) as Date
      if (order?.status !== 'HELD') return []
      orders.change(id, {
        hold_expires_at: expiresAt,
        due_at: after(expiresAt > now ? expiresAt : now, 60),
        version: order.version + 1,
      })
      return []
    },
  }
}
