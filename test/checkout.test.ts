import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('POST /v1/orders', (it) => {
  let shop: Shop
  it.before(
    async () => (shop = await openShop({ orders: { LEASE_SECONDS: '1', SAGA_SECONDS: '12' } })),
  )
  it.after(() => shop.close())

  const statuses = async (eventId: string) =>
    (await shop.ask('seating', `/v1/seats?eventId=${eventId}`)).body.items.map(
      (seat: { status: string }) => seat.status,
    )

  it('sells seats: 201, CONFIRMED, the total with tax, charged once', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { status, body, headers } = await buyer.order({
      eventId,
      seatIds: seatIds.slice(0, 2),
      ...card('tok_ok'),
    })
    assert.is(status, 201)
    assert.is(body.status, 'CONFIRMED')
    assert.equal(body.total, { amountMinor: 105_000, currency: 'INR' })
    assert.is(headers.get('location'), `/v1/orders/${body.id}`)
    assert.equal((await statuses(eventId)).slice(0, 3), ['SOLD', 'SOLD', 'AVAILABLE'])
    assert.equal(await shop.ledgerOf(body.id), { taken: 105_000, back: 0 })
    const told = await shop.look(
      'orders',
      `select payload from outbox where type = 'dev.boxoffice.order.confirmed.v1' and aggregateid = $1`,
      [body.id],
    )
    assert.equal(
      told.lines.map((line: { label: string }) => line.label),
      ['A-1', 'A-2'],
    )
    const seen = await buyer.ask('GET', `/v1/orders/${body.id}`)
    assert.is(seen.text, JSON.stringify(body))
  })

  it('answers a repeated request with the same bytes, and another with the same key with 422', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: seatIds.slice(0, 1), ...card('tok_ok') }
    const first = await buyer.order(wish, key)
    const again = await buyer.order({ ...wish, eventId }, `"${key}"`)
    assert.is(again.status, 201)
    assert.is(again.text, first.text)
    assert.is(again.headers.get('idempotency-replayed'), 'true')
    assert.is(first.headers.get('idempotency-replayed'), null)
    const other = await buyer.order({ ...wish, seatIds: seatIds.slice(1, 2) }, key)
    assert.equal([other.status, other.body.code], [422, 'idempotency-key-reused'])
    const stranger = await (await shop.buyer()).order(wish, key)
    assert.is(stranger.body.code, 'seat-taken')
  })

  it('refuses seats that others have, keeps none of the rest, and leaves the key free for a retry', async () => {
    const { eventId, seatIds } = await openSale(shop)
    await (await shop.buyer()).order({ eventId, seatIds: seatIds.slice(0, 1), ...card('tok_ok') })
    const buyer = await shop.buyer()
    const key = newId()
    const refused = await buyer.order(
      { eventId, seatIds: seatIds.slice(0, 2), ...card('tok_ok') },
      key,
    )
    assert.equal([refused.status, refused.body.code], [409, 'seat-taken'])
    assert.is(refused.body.seats[0].seatId, seatIds[0])
    assert.equal((await statuses(eventId)).slice(0, 2), ['SOLD', 'AVAILABLE'])
    const retried = await buyer.order(
      { eventId, seatIds: seatIds.slice(1, 2), ...card('tok_ok') },
      key,
    )
    assert.is(retried.status, 201)
  })

  it('frees the seats of a declined payment at once, and keeps the 402', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: seatIds.slice(0, 2), ...card('tok_insufficient_funds') }
    const declined = await buyer.order(wish, key)
    assert.equal([declined.status, declined.body.code], [402, 'payment-declined'])
    assert.match(declined.body.reason, /insufficient/)
    assert.equal((await statuses(eventId)).slice(0, 2), ['AVAILABLE', 'AVAILABLE'])
    const again = await buyer.order(wish, key)
    assert.is(again.text, declined.text)
    const { body } = await buyer.ask('GET', `/v1/orders/${declined.body.orderId}`)
    assert.equal([body.status, body.payment.status], ['FAILED', 'FAILED'])
    assert.is((await buyer.order({ ...wish, ...card('tok_ok') })).status, 201)
  })

  it('takes the best seats by number, seats by label, and the hold that the buyer has', async () => {
    const { eventId } = await openSale(shop)
    const buyer = await shop.buyer()
    const best = await buyer.order({ eventId, quantity: 2, ...card('tok_ok') })
    assert.equal(
      best.body.lines.map((line: { label: string }) => line.label),
      ['A-1', 'A-2'],
    )
    const named = await buyer.order({ eventId, seats: ['A-5'], ...card('tok_ok') })
    assert.is(named.status, 201)
    const hold = await shop.ask('seating', '/v1/seats/reserve', {
      method: 'POST',
      headers: { authorization: await tokenOf(buyer.id), 'content-type': 'application/json' },
      body: JSON.stringify({ eventId, seats: ['A-7'] }),
    })
    const held = await buyer.order({ eventId, holdId: hold.body.holdId, ...card('tok_ok') })
    assert.equal([held.status, held.body.lines[0].label], [201, 'A-7'])
    const stolen = await (
      await shop.buyer()
    ).order({ eventId, holdId: hold.body.holdId, ...card('tok_ok') })
    assert.is(stolen.body.code, 'hold-lost')
  })

  it('waits for a slow bank, and asks again with the same key when it does not answer: charged once', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const [slow, silent] = await Promise.all([
      buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_slow') }),
      buyer.order({ eventId, seatIds: [seatIds[1]], ...card('tok_timeout') }),
    ])
    assert.is(slow.status, 201)
    assert.is(silent.status, 201)
    assert.equal(await shop.ledgerOf(silent.body.id), { taken: 52_500, back: 0 })
  })

  it('answers 202 when the buyer has to go to his bank first, and the order follows when he has', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_3ds') }
    const waiting = await buyer.order(wish, key)
    assert.is(waiting.status, 202)
    assert.is(waiting.body.status, 'HELD')
    assert.match(waiting.body.payment.nextAction.url, /3ds/)
    assert.is((await buyer.order(wish, key)).text, waiting.text)
    const orderId = waiting.body.id
    const payment = {
      id: newId(),
      orderId,
      status: 'SUCCESS',
      amount: waiting.body.total,
      refunded: { ...waiting.body.total, amountMinor: 0 },
      method: 'CARD',
      reason: null,
      nextAction: null,
      createdAt: new Date().toISOString(),
    }
    const told = {
      id: newId(),
      type: 'dev.boxoffice.payment.succeeded.v1',
      aggregateid: orderId,
      payload: payment,
      source: '/functions/payments',
    }
    assert.is((await shop.hand('orders', told)).status, 204)
    assert.is((await shop.hand('orders', told)).status, 204)
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.is(body.status, 'CONFIRMED')
    assert.equal((await statuses(eventId))[0], 'SOLD')
  })

  it('waits for its payment when none was given, and runs out with its hold', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { status, body } = await buyer.order({ eventId, seatIds: [seatIds[0]] })
    assert.equal([status, body.status, body.payment.status], [201, 'HELD', 'PENDING'])
    const released = {
      id: newId(),
      type: 'dev.boxoffice.seats.released.v1',
      aggregateid: eventId,
      source: '/functions/seating',
      payload: { orderId: body.id, eventId, holdId: body.holdId, reason: 'expired' },
    }
    assert.is((await shop.hand('orders', released)).status, 204)
    const over = await buyer.ask('GET', `/v1/orders/${body.id}`)
    assert.is(over.body.status, 'EXPIRED')
    assert.equal((await statuses(eventId))[0], 'AVAILABLE')
  })

  it('goes the same way over events with Prefer: respond-async', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { status, body, headers } = await buyer.order(
      { eventId, seatIds: [seatIds[0]], ...card('tok_ok') },
      newId(),
      { prefer: 'respond-async' },
    )
    assert.equal(
      [status, body.status, headers.get('location')],
      [202, 'PENDING', `/v1/orders/${body.id}`],
    )
    await shop.deliver('orders')
    await shop.deliver('seating')
    await shop.deliver('orders')
    await shop.deliver('payments')
    const done = await buyer.ask('GET', `/v1/orders/${body.id}`)
    assert.equal([done.body.status, done.body.total.amountMinor], ['CONFIRMED', 52_500])
    const late = await buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_ok') }, newId(), {
      prefer: 'respond-async',
    })
    await shop.deliver('orders')
    await shop.deliver('seating')
    const refused = await buyer.ask('GET', `/v1/orders/${late.body.id}`)
    assert.equal([refused.body.status, refused.body.reason], ['FAILED', 'seat-taken'])
  })

  it('refuses a missing key, an event that is unknown or not on sale, and bodies that choose twice', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const none = await buyer.ask('POST', '/v1/orders', { eventId, seatIds: [seatIds[0]] })
    assert.equal([none.status, none.body.code], [400, 'idempotency-key-missing'])
    assert.is((await buyer.order({ eventId: newId(), quantity: 1 })).body.code, 'not-found')
    assert.is(
      (await buyer.order({ eventId, quantity: 1, seats: ['A-1'] })).body.code,
      'invalid-request',
    )
    assert.is((await buyer.order({ eventId, quantity: 1, total: 1 })).body.code, 'invalid-request')
    await shop.look('orders', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    assert.is((await buyer.order({ eventId, quantity: 1 })).body.code, 'event-not-on-sale')
  })

  it("is private: another's order is not found, and an admin sees it", async () => {
    const { eventId } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, quantity: 1, ...card('tok_ok') })
    const other = await shop.buyer()
    assert.is((await other.ask('GET', `/v1/orders/${body.id}`)).status, 404)
    assert.is((await other.ask('POST', `/v1/orders/${body.id}/cancel`)).status, 404)
    assert.is((await other.ask('GET', '/v1/orders')).body.total, 0)
    const list = await buyer.ask('GET', '/v1/orders?status=CONFIRMED&size=1')
    assert.equal([list.body.total, list.body.items[0].id], [1, body.id])
  })

  async function tokenOf(id: string) {
    const { accessToken } = await import('../functions/_runtime/testing/tokens.ts')
    return `Bearer ${await accessToken(id)}`
  }
})
