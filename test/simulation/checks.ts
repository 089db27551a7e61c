import { createBook } from '../../compose/bank/book.ts'
import type { Row } from './database/tables.ts'
import type { Market } from './market.ts'

const paidFor = ['CONFIRMED', 'REFUNDING', 'REFUNDED']
const open = ['PENDING', 'HELD', 'PAID', 'REFUNDING']

const rowsOf = ({ engines }: Market, name: keyof Market['engines'], table: string): Row[] =>
  engines[name].tables[table]?.all() ?? []

/** True when nothing is left that anybody would still do by himself. */
export function isQuiet(market: Market): boolean {
  const has = (name: keyof Market['engines'], table: string, condition: (row: Row) => boolean) =>
    market.engines[name].tables[table]?.some(condition)
  return !(
    market.broker.waiting() > 0 ||
    has('orders', 'orders', (o) => open.includes(o.status) || o.closing !== null) ||
    has('orders', 'orders', (o) => o.status === 'CONFIRMED' && o.tickets_issued_at === null) ||
    has('orders', 'refunds', ({ status }) => status === 'PENDING') ||
    has('payments', 'refunds', ({ status }) => status === 'PENDING') ||
    has('payments', 'payments', (p) => p.status === 'PENDING' || p.void_status === 'OPEN') ||
    has('seating', 'holds', ({ status }) => status === 'ACTIVE') ||
    has('notifications', 'messages', ({ status }) => status === 'QUEUED') ||
    Object.values(market.engines).some(({ tables }) => tables.outbox_unsent?.some(() => true))
  )
}

/** What holds at every moment, whatever is on its way. */
export function checkAlways(market: Market): string[] {
  const wrong: string[] = []
  const live = rowsOf(market, 'tickets', 'tickets').filter(({ status }) => status !== 'CANCELLED')
  if (new Set(live.map(({ seat_id }) => seat_id)).size < live.length)
    wrong.push('I1: two live tickets for one seat')
  const sold = new Map<string, string>()
  const lines = rowsOf(market, 'orders', 'order_lines').filter(({ is_refunded }) => !is_refunded)
  const orders = new Map(rowsOf(market, 'orders', 'orders').map((order) => [order.id, order]))
  for (const { order_id, seat_id } of lines) {
    if (orders.get(order_id)?.status !== 'CONFIRMED') continue
    const other = sold.get(seat_id)
    if (other !== undefined)
      wrong.push(`I1: seat ${seat_id} is confirmed to the orders ${other} and ${order_id}`)
    sold.set(seat_id, order_id)
  }
  return wrong
}

/** What holds once everything has come to rest. */
export function checkQuiet(market: Market): string[] {
  return [
    ...checkAlways(market),
    ...checkMoney(market),
    ...checkSeatsAndTickets(market),
    ...checkPromises(market),
    ...checkMails(market),
  ]
}

/** What an order should have with us: the price of what is left of it. */
const keptOf = (order: Row): number =>
  order.status === 'CONFIRMED' ? order.total_minor - order.refunded_minor : 0

/** I4 and I5: the bank's ledger is the witness, in both directions. */
function checkMoney(market: Market): string[] {
  const wrong: string[] = []
  const book = createBook()
  const keys = new Set<string>()
  for (const entry of market.bank.entries) {
    book.apply(entry)
    if (entry.type === 'charge.created') keys.add(entry.charge.key)
  }
  const net = new Map<string, number>()
  for (const key of keys) {
    const charge = book.charge(key)
    const orderId = key.slice(0, 36)
    const taken = charge?.status === 'succeeded' ? charge.amountMinor : 0
    net.set(orderId, (net.get(orderId) ?? 0) + taken - (charge?.refundedMinor ?? 0))
  }
  const orders = rowsOf(market, 'orders', 'orders')
  for (const order of orders)
    if ((net.get(order.id) ?? 0) !== keptOf(order))
      wrong.push(
        `I4: the bank keeps ${net.get(order.id) ?? 0} for the order ${order.id}, ${order.status}, which is worth ${keptOf(order)}`,
      )
  const known = new Set(orders.map(({ id }) => id))
  for (const [orderId, amount] of net)
    if (!known.has(orderId) && amount !== 0) wrong.push(`I5: ${amount} for no order: ${orderId}`)
  for (const { order_id, amount_minor, status, refunded_minor } of rowsOf(
    market,
    'payments',
    'payments',
  )) {
    const ours = ['SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED'].includes(status)
      ? amount_minor - refunded_minor
      : 0
    if (ours !== (net.get(order_id) ?? 0))
      wrong.push(`I13: payments has ${ours} for ${order_id}, the bank ${net.get(order_id) ?? 0}`)
  }
  return wrong
}

/** I6, I7, I12 and I13: seats and tickets are exactly those of confirmed orders. */
function checkSeatsAndTickets(market: Market): string[] {
  const wrong: string[] = []
  const orders = new Map(rowsOf(market, 'orders', 'orders').map((order) => [order.id, order]))
  const due = rowsOf(market, 'orders', 'order_lines')
    .filter((line) => orders.get(line.order_id)?.status === 'CONFIRMED' && !line.is_refunded)
    .map(({ order_id, seat_id }) => `${order_id} ${seat_id}`)
    .toSorted()
  const tickets = rowsOf(market, 'tickets', 'tickets')
    .filter(({ status }) => status === 'ACTIVE')
    .map(({ order_id, seat_id }) => `${order_id} ${seat_id}`)
    .toSorted()
  if (due.join() !== tickets.join())
    wrong.push(`I6: tickets are [${tickets.join(', ')}], the orders' lines [${due.join(', ')}]`)
  const allocated = rowsOf(market, 'seating', 'allocations')
    .map(({ order_id, seat_id }) => `${order_id} ${seat_id}`)
    .toSorted()
  if (due.join() !== allocated.join())
    wrong.push(
      `I13: sold seats are [${allocated.join(', ')}], the orders' lines [${due.join(', ')}]`,
    )
  const taken = new Set(rowsOf(market, 'seating', 'allocations').map(({ seat_id }) => seat_id))
  for (const { id, status } of rowsOf(market, 'seating', 'seats'))
    if (status !== (taken.has(id) ? 'SOLD' : 'AVAILABLE'))
      wrong.push(`I7: the seat ${id} is ${status}`)
  return wrong
}

/** I10 and I11: what a buyer was told is what became of it. */
function checkPromises(market: Market): string[] {
  const orders = new Map(rowsOf(market, 'orders', 'orders').map((order) => [order.id, order]))
  const isCancelled =
    market.engines.orders.tables.events?.get(market.eventId)?.status === 'CANCELLED'
  return market.purchases.flatMap(({ orderId, replies, token }) => {
    const wrong: string[] = []
    const order = orders.get(orderId)
    if (order?.reason === 'event-cancelled' && !isCancelled)
      wrong.push(`I3: ${orderId} failed because its event was cancelled, and it was not`)
    const kept = replies.filter(({ status }) => [201, 202, 402].includes(status))
    if (new Set(kept.map(({ status, text }) => `${status} ${text}`)).size > 1)
      wrong.push(
        `I10: the key of ${orderId} had two answers: ${kept.map((one) => one.text).join('\n')}`,
      )
    for (const { status, body } of replies) {
      if ((status === 201 || status === 202) && !order)
        wrong.push(`I11: ${orderId} was answered ${status} and is not there`)
      if (status === 201 && token !== undefined && !paidFor.includes(order?.status))
        wrong.push(`I11: ${orderId} was answered 201 and is ${order?.status}`)
      const isSettled = status === 402 || (status === 409 && body?.orderId === orderId)
      if (isSettled && paidFor.includes(order?.status))
        wrong.push(`I11: ${orderId} was answered ${status} ${body?.code} and is ${order?.status}`)
    }
    return wrong
  })
}

/** I15: one message for each thing there is to say. */
function checkMails(market: Market): string[] {
  const messages = rowsOf(market, 'notifications', 'messages')
  const tickets = messages.filter(({ kind }) => kind === 'tickets').map(({ order_id }) => order_id)
  const wrong =
    new Set(tickets).size < tickets.length ? ['I15: the tickets of an order were mailed twice'] : []
  const told = new Set(tickets)
  for (const { id, status, tickets_issued_at } of rowsOf(market, 'orders', 'orders'))
    if (status === 'CONFIRMED' && tickets_issued_at && !told.has(id))
      wrong.push(`I15: nobody was told of the tickets of ${id}`)
  return wrong
}
