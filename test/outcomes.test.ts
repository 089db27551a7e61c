import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

type Buyer = Awaited<ReturnType<Shop['buyer']>>

/** The same requests, waited for and over events: what is left of them is the same. */
describe('an order with Prefer: respond-async', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop({ orders: { LEASE_SECONDS: '1' } })))
  it.after(() => shop.close())

  /** Until nobody has anything to tell any more. */
  async function deliverAll() {
    for (let i = 0; i < 20; i++) {
      const told = await shop.deliver('orders')
      const answered = (await shop.deliver('seating')) + (await shop.deliver('payments'))
      if (told + answered === 0) return
    }
    throw new Error('news without end')
  }
  const tick = (name: 'orders' | 'payments') => {
    const type = 'dev.knative.sources.ping'
    return shop.hand(name, {
      id: newId(),
      type,
      aggregateid: 'clock',
      payload: {},
      source: '/clock',
    })
  }
  async function decideAtBank(orderId: string, approve: boolean) {
    const { id } = (await (await fetch(`${shop.bankUrl}/charges/${orderId}`)).json()) as {
      id: string
    }
    await fetch(`${shop.bankUrl}/3ds/${id}`, { method: 'POST', body: JSON.stringify({ approve }) })
    await shop.look('payments', 'update payments set check_at = now() where order_id = $1', [
      orderId,
    ])
    await tick('payments')
  }
  async function payIntent(buyer: Buyer, orderId: string, token: string) {
    const ask = buyer.at('payments')
    const { body } = await ask('POST', '/v1/payments/intents', { orderId })
    await ask('POST', `/v1/payments/intents/${body.id}/confirm`, { method: 'CARD', token })
  }

  type Story = { wish: object; after?: (buyer: Buyer, orderId: string) => Promise<unknown> }
  const stories: Record<string, Story> = {
    'a purchase': { wish: { seats: ['A-1', 'A-2'], ...card('tok_ok') } },
    'the best seats': { wish: { quantity: 3, ...card('tok_ok') } },
    'a bank that answers late': { wish: { seats: ['A-1'], ...card('tok_slow') } },
    'a bank that loses its answer': { wish: { seats: ['A-1'], ...card('tok_timeout') } },
    'a declined card': { wish: { seats: ['A-1'], ...card('tok_declined') } },
    'no money': { wish: { seats: ['A-1'], ...card('tok_insufficient_funds') } },
    'an approval': {
      wish: { seats: ['A-1'], ...card('tok_3ds') },
      after: (_, orderId) => decideAtBank(orderId, true),
    },
    'an approval that is refused': {
      wish: { seats: ['A-1'], ...card('tok_3ds') },
      after: (_, orderId) => decideAtBank(orderId, false),
    },
    'a payment that comes later': {
      wish: { seats: ['A-1'] },
      after: (buyer, orderId) => payIntent(buyer, orderId, 'tok_ok'),
    },
    'a cancellation before the payment': {
      wish: { seats: ['A-1'] },
      after: (buyer, orderId) => buyer.ask('POST', `/v1/orders/${orderId}/cancel`),
    },
    'a cancellation in the middle of an approval': {
      wish: { seats: ['A-1'], ...card('tok_3ds') },
      after: (buyer, orderId) => buyer.ask('POST', `/v1/orders/${orderId}/cancel`),
    },
    'a purchase that is given back': {
      wish: { seats: ['A-1', 'A-2'], ...card('tok_ok') },
      after: (buyer, orderId) => buyer.ask('POST', `/v1/orders/${orderId}/refunds`, {}),
    },
  }

  async function play({ wish, after }: Story, isAsync: boolean) {
    const { eventId } = await openSale(shop, 5)
    const buyer = await shop.buyer()
    const key = newId()
    const headers: Record<string, string> = isAsync ? { prefer: 'respond-async' } : {}
    const first = await buyer.order({ eventId, ...wish }, key, headers)
    if (isAsync) assert.equal([first.status, first.body.status], [202, 'PENDING'])
    const orderId = first.body.id ?? first.body.orderId
    await deliverAll()
    await settleUnknown(orderId)
    await after?.(buyer, orderId)
    await deliverAll()
    return outcomeOf(buyer, eventId, orderId)
  }

  /** What nobody waits for is found by sweeps: an answer that the bank lost, a payment that must be approved. */
  async function settleUnknown(orderId: string) {
    await shop.look(
      'payments',
      `update payments set check_at = now() where order_id = $1 and next_action_url is null`,
      [orderId],
    )
    await tick('payments')
    await deliverAll()
    await shop.look(
      'orders',
      `update orders set due_at = now() where id = $1 and status = 'HELD' and payment_status is null`,
      [orderId],
    )
    await tick('orders')
    await deliverAll()
  }

  async function outcomeOf(buyer: Buyer, eventId: string, orderId: string) {
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    const seats = await shop.ask('seating', `/v1/seats?eventId=${eventId}`)
    const told = await shop.look(
      'orders',
      `select array_agg(type order by type) from outbox where aggregateid = $1 and type like 'dev.boxoffice.order.%'`,
      [orderId],
    )
    const payments = await shop.look(
      'payments',
      `select array_agg(status) from payments where order_id = $1 and amount_minor is not null`,
      [orderId],
    )
    const { status, reason, next, total, refunded, payment, ticketsIssued } = body
    return {
      order: { status, reason, next, total, refunded, payment: payment?.status, ticketsIssued },
      lines: body.lines.map(({ label, refunded: isBack }: any) => [label, isBack]),
      seats: seats.body.items.map((seat: any) => seat.status).join(),
      ledger: await shop.ledgerOf(orderId),
      payments,
      told,
    }
  }

  for (const [name, story] of Object.entries(stories))
    it(`has the same result as waiting for it: ${name}`, async () => {
      const sync = await play(story, false)
      const over = await play(story, true)
      assert.equal(over, sync)
      const isKept = sync.order.status === 'CONFIRMED'
      assert.is(sync.ledger.taken - sync.ledger.back, isKept ? sync.order.total.amountMinor : 0)
    })
})
