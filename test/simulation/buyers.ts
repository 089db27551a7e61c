import { ask, isOpen, type Reply } from './browser.ts'
import { prepareOrder, type Purchase } from './purchases.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import type { Market } from './market.ts'

/** Sends the order of a purchase under its key, and keeps the answer. */
export async function place(market: Market, purchase: Purchase): Promise<Reply> {
  const { buyerId, key, body, isAsync, replies } = purchase
  const headers = { 'idempotency-key': key, ...(isAsync ? { prefer: 'respond-async' } : {}) }
  const reply = await ask(market, buyerId, 'POST /v1/orders', { body, headers })
  if (replies.length > 0) market.world.counters['key-repeated'] += 1
  replies.push(reply)
  market.world.trace.note('buyer', key.slice(-4), reply.status, reply.body?.code)
  return reply
}

/** One person who buys once or twice, changes his mind, and asks again where he hears nothing. */
export async function shop(market: Market): Promise<void> {
  const { world } = market
  const { clock, chance } = world
  const buyerId = newId()
  market.engines.notifications.tables.contacts?.put(buyerId, { user_id: buyerId, sealed: '' })
  for (let times = chance.is(0.3) ? 2 : 1; times > 0; times--) {
    await clock.sleep(chance.whole(0, 8000))
    const purchase = await prepareOrder(market, buyerId)
    if (!purchase) continue
    market.purchases.push(purchase)
    let reply = await place(market, purchase)
    for (let tries = chance.whole(0, 3); isOpen(reply) && tries > 0; tries--) {
      await clock.sleep(chance.whole(200, 6000))
      reply = await place(market, purchase)
    }
    if (reply.status === 201 || reply.status === 202) await goOn(market, purchase)
    if (chance.is(0.25)) await place(market, purchase)
    if (chance.is(0.15)) await placeOther(market, purchase)
  }
}

/** What a buyer does whose order stands. */
async function goOn(market: Market, purchase: Purchase): Promise<void> {
  const { world, bank } = market
  const { clock, chance, counters, holdSeconds } = world
  const { buyerId, orderId, token } = purchase
  if (token === 'tok_3ds' && chance.is(0.8)) {
    counters['three-d-secure'] += 1
    // Now and then the payer comes back to his bank when his hold is nearly over, or over.
    await clock.sleep(chance.is(0.4) ? holdSeconds * 1000 * (0.9 + chance.next() / 4) : 3000)
    bank.decide(orderId, chance.is(0.75))
  }
  if (token === undefined) await payLater(market, purchase)
  if (chance.is(0.5)) return
  await clock.sleep(chance.whole(0, 4000))
  const order = await ask(market, buyerId, `GET /v1/orders/${orderId}`)
  if (order.status !== 200) return
  if (order.body.status === 'CONFIRMED') await giveBack(market, purchase, order.body)
  else {
    const reply = await ask(market, buyerId, `POST /v1/orders/${orderId}/cancel`)
    if (reply.status === 200 || reply.status === 202) counters['cancelled-by-buyer'] += 1
  }
}

async function giveBack(market: Market, { buyerId, orderId }: Purchase, order: any): Promise<void> {
  const { chance, counters } = market.world
  const isPart = order.lines.length > 1 && chance.is(0.5)
  const body = isPart ? { seatIds: [chance.pick(order.lines as any[]).seatId] } : {}
  for (let times = chance.whole(1, 2); times > 0; times--) {
    const reply = await ask(market, buyerId, `POST /v1/orders/${orderId}/refunds`, { body })
    if (reply.status >= 200 && reply.status < 300)
      counters[isPart ? 'partly-refunded' : 'refunded'] += 1
  }
}

/** Pays an order by its intent, perhaps declined at first, and perhaps too late. */
async function payLater(market: Market, { buyerId, orderId, holdId }: Purchase): Promise<void> {
  const { clock, chance, counters, holdSeconds } = market.world
  if (chance.is(0.3)) {
    const reply = await ask(market, buyerId, 'POST /v1/seats/extend', { body: { holdId } })
    if (reply.status === 200) counters['hold-extended'] += 1
  }
  if (chance.is(0.15)) return
  await clock.sleep(chance.is(0.4) ? holdSeconds * 1000 * (0.95 + chance.next() / 8) : 1000)
  for (const token of chance.pick([
    ['tok_ok'],
    ['tok_declined', 'tok_ok'],
    ['tok_3ds', 'tok_ok'],
  ])) {
    const body = { method: 'CARD', token }
    await ask(market, buyerId, `POST /v1/payments/intents/${orderId}/confirm`, { body })
    await clock.sleep(chance.whole(0, 3000))
  }
}

/** Another request under a key that is used: refused for ever, once the first one is settled. */
async function placeOther(market: Market, purchase: Purchase): Promise<void> {
  const { counters, violations } = market.world
  if (!purchase.replies.some(({ status }) => [201, 202, 402].includes(status))) return
  const other = { ...purchase, body: { ...purchase.body, seatIds: [newId()] }, replies: [] }
  delete (other.body as Record<string, unknown>).quantity
  delete (other.body as Record<string, unknown>).holdId
  const reply = await place(market, other)
  counters['key-reused'] += 1
  if (!isOpen(reply) && reply.status !== 422)
    violations.push(`I10: another request under the key of ${purchase.orderId} got ${reply.status}`)
}
