import { shown, type OrdersTables } from './orders-rows.ts'
import { toldOf } from './outbox.ts'
import { after, dateOf, json, secondsSince, unnest, type Engine, type Row } from './tables.ts'

const placedColumns =
  'id buyer_id event_id event_title starts_at status hold_id hold_expires_at currency ' +
  'subtotal_minor tax_minor total_minor means choice lease_seconds created_at key request_hash ' +
  'answer_status answer_headers answer_body'
const lineColumns = 'order_id place seat_id label section row number price_minor'
const settledColumns =
  'id version status closing reason payment_id payment_status next_action_url refunded_minor ' +
  'confirmed_at is_settled due answer_status answer_headers answer_body outbox_id'

/** store/orders.ts, store/place.ts and store/settle.ts */
export function orderStatements(tables: OrdersTables): Engine['statements'] {
  const { orders, order_lines } = tables
  const writeLine = (line: Row) => {
    const key = `${line.order_id}/${line.place}`
    if (!order_lines.get(key)) order_lines.put(key, { ...line, is_refunded: false })
  }
  return {
    'orders-waiting-of-cancelled': ([limit]) =>
      orders
        .where(
          (o) =>
            tables.events.get(o.event_id)?.status === 'CANCELLED' &&
            o.status === 'HELD' &&
            o.closing === null &&
            o.due_at !== null &&
            (o.means === null || o.payment_status === 'PENDING'),
        )
        .slice(0, limit)
        .map((order) => shown(tables, order)),
    'order-find': ([id]) =>
      orders.where((order) => order.id === id).map((one) => shown(tables, one)),
    'order-look-up': ([orderIds, eventIds], now) =>
      unnest('order_id event_id', [orderIds, eventIds]).map((asked) => lookUp(tables, asked, now)),
    'order-place': (values, now) => place(tables, values, now, writeLine),
    'answer-keep': ([id, status, headers, body]) =>
      tables.kept_answers
        .where(({ order_id }) => order_id === id)
        .map((kept) =>
          kept.status === null ? tables.kept_answers.change(id, { status, headers, body }) : kept,
        )
        .map((kept) => ({
          answer_status: kept.status,
          answer_headers: kept.headers,
          answer_body: kept.body,
        })),
    'order-settle': (values, now) => settle(tables, values, now),
    'order-fill': ([id, hold_id, expires, subtotal_minor, tax_minor, total_minor, ...lines]) => {
      if (orders.get(id)?.status !== 'PENDING') return []
      const hold_expires_at = dateOf(expires)
      orders.change(id, { hold_id, hold_expires_at, subtotal_minor, tax_minor, total_minor })
      const [, ...names] = lineColumns.split(' ')
      for (const line of unnest(names.join(' '), lines)) writeLine({ order_id: id, ...line })
      return []
    },
  }
}

function lookUp({ kept_answers, orders, events }: OrdersTables, asked: Row, now: Date): Row {
  const kept = kept_answers.get(asked.order_id)
  const order = orders.get(asked.order_id)
  const event = events.get(asked.event_id)
  const isOpen =
    ['ON_SALE', 'SOLD_OUT'].includes(event?.status) ||
    (event?.status === 'SCHEDULED' && event.on_sale_at !== null && event.on_sale_at <= now)
  return {
    request_hash: kept?.request_hash ?? null,
    answer_status: kept?.status ?? null,
    answer_headers: kept?.headers ?? null,
    answer_body: kept?.body ?? null,
    is_leased: Boolean(order?.due_at && order.due_at > now),
    title: event?.title ?? null,
    starts_at: event?.starts_at ?? null,
    currency: event?.currency ?? null,
    is_on_sale: event !== undefined && event.starts_at > now && isOpen,
    at: now,
  }
}

function place(
  { orders, kept_answers, tell }: OrdersTables,
  values: any[],
  now: Date,
  writeLine: (line: Row) => void,
): Row[] {
  const asked = unnest(`${placedColumns} is_async`, [...values.slice(0, 21), values[29]])
  const placed = asked.filter(({ id }) => !kept_answers.get(id))
  for (const one of placed) {
    const { key, request_hash, answer_status, answer_headers, answer_body, lease_seconds } = one
    const { key: _1, request_hash: _2, answer_status: _3, answer_headers: _4, ...row } = one
    const { answer_body: _5, lease_seconds: _6, ...order } = row
    kept_answers.put(one.id, {
      order_id: one.id,
      caller_id: one.buyer_id,
      key,
      request_hash,
      created_at: now,
      status: answer_status,
      headers: answer_headers,
      body: answer_body,
    })
    orders.put(one.id, {
      ...order,
      starts_at: dateOf(one.starts_at),
      hold_expires_at: dateOf(one.hold_expires_at),
      created_at: dateOf(one.created_at),
      means: one.means && json(JSON.parse(one.means)),
      choice: one.choice && json(JSON.parse(one.choice)),
      due_at: after(now, lease_seconds),
      closing: null,
      reason: null,
      refunded_minor: 0,
      payment_id: null,
      payment_status: null,
      next_action_url: null,
      confirmed_outbox_id: null,
      confirmed_at: null,
      version: 1,
      tickets_issued_at: null,
      is_imported: false,
      external_id: null,
      imported: null,
    })
  }
  const ids = new Set(placed.map(({ id }) => id))
  for (const line of unnest(lineColumns, values.slice(21)))
    if (ids.has(line.order_id)) writeLine(line)
  tell(
    toldOf(values.slice(30)).filter(({ aggregateid }) => ids.has(aggregateid)),
    now,
  )
  return placed.map(({ id }) => ({ id }))
}

function dueAt(due: string | number | null, order: Row, now: Date): Date | null {
  if (due === null) return null
  if (due === 'backing-off')
    return after(now, Math.min(30, Math.max(2, secondsSince(order.created_at, now) / 4)))
  if (due === 'after-hold')
    return after(order.hold_expires_at > now ? order.hold_expires_at : now, 60)
  return after(now, Number(due))
}

function settle(tables: OrdersTables, values: any[], now: Date): Row[] {
  const { orders, events, kept_answers, tell } = tables
  const results = unnest(settledColumns, values).map((a) => {
    const order = orders.get(a.id)
    const isBlocked =
      a.status === 'CONFIRMED' &&
      order !== undefined &&
      order.status !== 'CONFIRMED' &&
      events.get(order.event_id)?.status === 'CANCELLED'
    return { a, order, isBlocked, isStored: order?.version === a.version && !isBlocked }
  })
  for (const { a, order, isStored } of results) {
    if (!isStored || !order) continue
    const { status, closing, reason, payment_id, payment_status, next_action_url } = a
    orders.change(a.id, {
      status,
      closing,
      reason,
      payment_id,
      payment_status,
      next_action_url,
      refunded_minor: a.refunded_minor,
      confirmed_at: order.confirmed_at ?? dateOf(a.confirmed_at),
      confirmed_outbox_id:
        (status === 'CONFIRMED' ? a.outbox_id : null) ?? order.confirmed_outbox_id,
      means: a.is_settled ? null : order.means,
      choice: a.is_settled ? null : order.choice,
      due_at: dueAt(a.due, order, now),
      version: order.version + 1,
    })
    const kept = kept_answers.get(a.id)
    const { answer_status, answer_headers: headers, answer_body: body } = a
    if (kept && kept.status === null && answer_status !== null)
      kept_answers.change(a.id, { status: answer_status, headers, body })
  }
  const stored = new Set(results.flatMap(({ a, isStored }) => (isStored ? [a.id] : [])))
  tell(
    toldOf(values.slice(16)).filter(({ aggregateid }) => stored.has(aggregateid)),
    now,
  )
  const isIt = (outcome: string, did: boolean, { id }: Row) => (did ? [{ id, outcome }] : [])
  return results.flatMap(({ a, isStored, isBlocked }) => [
    ...isIt('stored', isStored, a),
    ...isIt('event-cancelled', isBlocked, a),
  ])
}
