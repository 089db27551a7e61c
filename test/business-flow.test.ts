import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

type Buyer = Awaited<ReturnType<Shop['buyer']>>

/** ASVS 5.0 2.3.1 to 2.3.4, OWASP API6:2023: steps in another order, too often, by others, or at another price. */
describe('a purchase that is not played by the rules', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop({ seating: { SEATS_PER_BUYER_MAX: '6' } })))
  it.after(() => shop.close())

  const refused = (answer: { status: number; body: any }) => [answer.status, answer.body?.code]
  const hold = (buyer: Buyer, body: object) =>
    buyer.at('seating')('POST', '/v1/seats/reserve', body)
  const pay = (buyer: Buyer, orderId: string, token = 'tok_ok') =>
    buyer.at('payments')('POST', `/v1/payments/intents/${orderId}/confirm`, {
      method: 'CARD',
      token,
    })
  const sold = (eventId: string) =>
    shop.look('seating', 'select count(*)::int from allocations where event_id = $1', [eventId])

  /** An order that waits for its payment, and its intent. */
  async function waiting(eventId: string, quantity = 1) {
    const buyer = await shop.buyer()
    const { body: order } = await buyer.order({ eventId, quantity })
    assert.is(order.status, 'HELD')
    const intent = await buyer.at('payments')('POST', '/v1/payments/intents', { orderId: order.id })
    assert.is(intent.status, 200)
    return { buyer, order, intentId: intent.body.id as string }
  }

  it('takes no step that only functions take: no seats without paying, no money by hand', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const held = await hold(buyer, { eventId, seatIds: [seatIds[0]] })
    const { holdId } = held.body
    const amount = { amountMinor: 1, currency: 'INR' }
    const ids = { orderId: newId(), payerId: buyer.id }
    const means = { method: 'CARD', token: 'tok_ok' }
    for (const [name, method, path, body] of [
      ['seating', 'POST', '/v1/seats/allocate', { eventId, holdId, orderId: newId(), seatIds }],
      [
        'seating',
        'PUT',
        `/v1/holds/${newId()}`,
        { eventId, orderId: newId(), buyerId: buyer.id, quantity: 1 },
      ],
      ['seating', 'DELETE', `/v1/holds/${holdId}?orderId=${newId()}`, undefined],
      ['payments', 'POST', '/v1/payments/charge', { ...ids, amount, means }],
      ['payments', 'POST', '/v1/payments/void', { orderId: newId() }],
      ['payments', 'PUT', `/v1/payments/intents/${newId()}`, { ...ids, amount }],
      ['payments', 'POST', `/v1/payments/${newId()}/refunds`, { amount, refundId: newId() }],
    ] as const)
      assert.equal(refused(await buyer.at(name)(method, path, body)), [403, 'forbidden'], path)
    assert.is(await sold(eventId), 0)
  })

  it('pays once, however often and however fast it is paid', async () => {
    const { eventId } = await openSale(shop)
    const { buyer, order, intentId } = await waiting(eventId)
    const answers = await Promise.all(Array.from({ length: 10 }, () => pay(buyer, intentId)))
    for (const { status, body } of answers)
      assert.ok([200, 202, 409].includes(status), `${status} ${body.code}`)
    assert.is((await pay(buyer, intentId)).status, 200)
    assert.equal(await shop.ledgerOf(order.id), { taken: 52_500, back: 0 })
  })

  it('pays nothing that was cancelled, and nothing of another', async () => {
    const { eventId } = await openSale(shop)
    const { buyer, order, intentId } = await waiting(eventId)
    const stranger = await shop.buyer()
    assert.equal(refused(await pay(stranger, intentId)), [404, 'not-found'])
    const asked = await stranger.at('payments')('POST', '/v1/payments/intents', {
      orderId: order.id,
    })
    assert.equal(refused(asked), [404, 'not-found'])
    assert.is((await buyer.ask('POST', `/v1/orders/${order.id}/cancel`)).body.status, 'CANCELLED')
    assert.equal(refused(await pay(buyer, intentId)), [409, 'payment-fixed'])
    assert.equal(await shop.ledgerOf(order.id), { taken: 0, back: 0 })
    assert.is(await sold(eventId), 0)
  })

  it('sets no price, no total, no buyer and no status', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_ok') }
    for (const more of [
      { total: { amountMinor: 1, currency: 'INR' } },
      { price: 1 },
      { amountMinor: 1 },
      { currency: 'VND' },
      { discount: -50_000 },
      { status: 'CONFIRMED' },
      { buyerId: newId() },
      { id: newId() },
      { lines: [{ seatId: seatIds[0], price: 0 }] },
      { payment: { method: 'CARD', token: 'tok_ok', amountMinor: 1 } },
    ])
      assert.equal(
        refused(await buyer.order({ ...wish, ...more })),
        [400, 'invalid-request'],
        JSON.stringify(more),
      )
    assert.equal((await buyer.order(wish)).body.total, { amountMinor: 52_500, currency: 'INR' })
  })

  it('buys no less than one seat, no half and none twice', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    for (const choice of [
      { quantity: 0 },
      { quantity: -1 },
      { quantity: 1.5 },
      { quantity: 101 },
      { quantity: '2' },
      { seatIds: [] },
      { seatIds: [seatIds[0], seatIds[0]] },
      { seats: ['A-1', 'A-1'] },
      { seatIds: [seatIds[0]], quantity: -1 },
      {},
    ])
      assert.equal(
        refused(await buyer.order({ eventId, ...choice, ...card('tok_ok') })),
        [400, 'invalid-request'],
        JSON.stringify(choice),
      )
  })

  it('holds no more than its share, in as many holds as it likes', async () => {
    const { eventId } = await openSale(shop, 20)
    const buyer = await shop.buyer()
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => hold(buyer, { eventId, quantity: 1 })),
    )
    assert.is(answers.filter(({ status }) => status === 201).length, 6)
    for (const { status, body } of answers) if (status !== 201) assert.is(body.code, 'buyer-limit')
    assert.equal(refused(await buyer.order({ eventId, quantity: 1 })), [409, 'buyer-limit'])
    assert.is((await hold(await shop.buyer(), { eventId, quantity: 6 })).status, 201)
  })

  it('keeps no seat by holding it over and over: between two holds anybody may have it', async () => {
    const { eventId, seatIds } = await openSale(shop, 1)
    const [scalper, buyer] = [await shop.buyer(), await shop.buyer()]
    for (let round = 0; round < 3; round++) {
      const { body } = await hold(scalper, { eventId, seatIds })
      const again = await scalper.at('seating')('POST', '/v1/seats/extend', { holdId: body.holdId })
      assert.is(again.status, 200)
      const third = await scalper.at('seating')('POST', '/v1/seats/extend', { holdId: body.holdId })
      assert.equal(refused(third), [409, 'hold-not-extendable'])
      const released = await scalper.at('seating')('POST', '/v1/seats/release', {
        holdId: body.holdId,
      })
      assert.is(released.status, 204)
    }
    assert.is((await buyer.order({ eventId, seatIds, ...card('tok_ok') })).status, 201)
    assert.equal(refused(await hold(scalper, { eventId, seatIds })), [409, 'seat-taken'])
  })

  it('sells a hold once, to who has it, however many orders name it at once', async () => {
    const { eventId } = await openSale(shop)
    const [buyer, stranger] = [await shop.buyer(), await shop.buyer()]
    const { body } = await hold(buyer, { eventId, quantity: 2 })
    const wish = { eventId, holdId: body.holdId, ...card('tok_ok') }
    assert.ok([404, 409].includes((await stranger.order(wish)).status))
    const answers = await Promise.all(Array.from({ length: 50 }, () => buyer.order(wish)))
    assert.is(answers.filter(({ status }) => status === 201).length, 1)
    for (const { status } of answers) assert.ok([201, 409].includes(status), String(status))
    assert.is(await sold(eventId), 2)
  })

  it('buys nothing of an event that is closed, has begun or is unknown', async () => {
    for (const [change, code] of [
      [`status = 'CANCELLED'`, 'event-not-on-sale'],
      [`status = 'DRAFT'`, 'event-not-on-sale'],
      [`starts_at = now() - interval '1 minute'`, 'event-not-on-sale'],
    ] as const) {
      const { eventId } = await openSale(shop)
      for (const name of ['seating', 'orders'] as const)
        await shop.look(name, `update events set ${change} where id = $1`, [eventId])
      const buyer = await shop.buyer()
      assert.equal(
        refused(await buyer.order({ eventId, quantity: 1, ...card('tok_ok') })),
        [409, code],
        change,
      )
      assert.equal(refused(await hold(buyer, { eventId, quantity: 1 })), [409, code], change)
    }
    const buyer = await shop.buyer()
    assert.equal(refused(await buyer.order({ eventId: newId(), quantity: 1 })), [404, 'not-found'])
  })

  it('gives back no more than was paid, and no seat of another', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const [buyer, stranger] = [await shop.buyer(), await shop.buyer()]
    const { body } = await buyer.order({ eventId, seatIds: seatIds.slice(0, 2), ...card('tok_ok') })
    const path = `/v1/orders/${body.id}/refunds`
    assert.is((await stranger.ask('POST', path, {})).status, 404)
    assert.equal(refused(await buyer.ask('POST', path, { seatIds: [seatIds[5]] })), [
      404,
      'not-found',
    ])
    assert.equal(
      refused(await buyer.ask('POST', path, { amount: { amountMinor: 999_999, currency: 'INR' } })),
      [400, 'invalid-request'],
    )
    await Promise.all(Array.from({ length: 10 }, () => buyer.ask('POST', path, {})))
    assert.equal(await shop.ledgerOf(body.id), { taken: 105_000, back: 105_000 })
  })
})
