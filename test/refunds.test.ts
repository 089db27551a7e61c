import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('giving an order back', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop()))
  it.after(() => shop.close())

  async function bought(count: number) {
    const sale = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({
      eventId: sale.eventId,
      seatIds: sale.seatIds.slice(0, count),
      ...card('tok_ok'),
    })
    return { ...sale, buyer, order: body }
  }
  const statuses = async (eventId: string) =>
    (await shop.ask('seating', `/v1/seats?eventId=${eventId}`)).body.items.map(
      (seat: { status: string }) => seat.status,
    )
  const told = (orderId: string) =>
    shop.look(
      'orders',
      `select count(*)::int from outbox where type = 'dev.boxoffice.order.refunded.v1' and aggregateid = $1`,
      [orderId],
    )

  it('pays single seats back, then the rest, and the parts add up to the whole', async () => {
    const { buyer, order, seatIds, eventId } = await bought(3)
    const part = await buyer.ask('POST', `/v1/orders/${order.id}/refunds`, {
      seatIds: [seatIds[0]],
    })
    assert.equal(
      [part.status, part.body.status, part.body.refunded.amountMinor],
      [200, 'CONFIRMED', 52_500],
    )
    assert.equal(
      part.body.lines.map((line: { refunded: boolean }) => line.refunded),
      [true, false, false],
    )
    assert.is(part.body.payment.status, 'PARTIALLY_REFUNDED')
    await shop.deliver('orders')
    assert.equal((await statuses(eventId)).slice(0, 3), ['AVAILABLE', 'SOLD', 'SOLD'])
    const rest = await buyer.ask('POST', `/v1/orders/${order.id}/refunds`, {})
    assert.equal([rest.body.status, rest.body.refunded], ['REFUNDED', order.total])
    assert.equal(await shop.ledgerOf(order.id), { taken: 157_500, back: 157_500 })
    await shop.deliver('orders')
    assert.equal((await statuses(eventId)).slice(0, 3), ['AVAILABLE', 'AVAILABLE', 'AVAILABLE'])
  })

  it('pays once, however often it is asked', async () => {
    const { buyer, order } = await bought(1)
    const tries = await Promise.all(
      Array.from({ length: 10 }, () => buyer.ask('POST', `/v1/orders/${order.id}/refunds`, {})),
    )
    assert.ok(
      tries.every(({ status }) => [200, 202, 409, 503].includes(status)),
      tries.map(({ status }) => status).join(),
    )
    assert.is((await buyer.ask('GET', `/v1/orders/${order.id}`)).body.status, 'REFUNDED')
    assert.equal(await shop.ledgerOf(order.id), { taken: 52_500, back: 52_500 })
    assert.is(await told(order.id), 1)
  })

  it('refuses seats that are not of the order, or were refunded before, and events that have begun', async () => {
    const { buyer, order, seatIds, eventId } = await bought(2)
    const refund = (body: object) => buyer.ask('POST', `/v1/orders/${order.id}/refunds`, body)
    assert.equal([(await refund({ seatIds: [newId()] })).body.code], ['not-found'])
    await refund({ seatIds: [seatIds[0]] })
    assert.is((await refund({ seatIds: [seatIds[0]] })).body.code, 'order-fixed')
    await shop.look('orders', `update events set starts_at = now() where id = $1`, [eventId])
    const late = await refund({})
    assert.equal([late.status, late.body.code], [409, 'order-fixed'])
  })

  it('cancels an order that waits for its payment, and its seats are free', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds: [seatIds[0]] })
    const cancelled = await buyer.ask('POST', `/v1/orders/${body.id}/cancel`)
    assert.equal([cancelled.status, cancelled.body.status], [200, 'CANCELLED'])
    assert.equal((await statuses(eventId))[0], 'AVAILABLE')
    assert.is((await buyer.ask('POST', `/v1/orders/${body.id}/cancel`)).body.status, 'CANCELLED')
  })

  it('cancels a confirmed order by giving it back whole', async () => {
    const { buyer, order } = await bought(1)
    const cancelled = await buyer.ask('POST', `/v1/orders/${order.id}/cancel`)
    assert.equal([cancelled.status, cancelled.body.status], [200, 'REFUNDED'])
    assert.equal(await shop.ledgerOf(order.id), { taken: 52_500, back: 52_500 })
  })

  it('leaves an imported order as it is: it is history', async () => {
    const { buyer, order } = await bought(1)
    await shop.look('orders', `update orders set is_imported = true, due_at = null where id = $1`, [
      order.id,
    ])
    for (const wish of ['cancel', 'refunds']) {
      const { status, body } = await buyer.ask('POST', `/v1/orders/${order.id}/${wish}`, {})
      assert.equal([status, body.code], [409, 'order-fixed'])
      assert.equal([body.status, body.orderStatus], [409, 'CONFIRMED'], 'RFC 9457 owns `status`')
    }
    assert.equal(await shop.ledgerOf(order.id), { taken: 52_500, back: 0 })
  })

  it('refunds every order of an event that is cancelled, once, also when the news comes twice', async () => {
    const { buyer, order, eventId } = await bought(2)
    const { order: other } = await bought(1)
    const [title, at] = ['A play', new Date(Date.now() + 7 * 86_400_000).toISOString()]
    const snapshot = {
      eventId,
      version: 2,
      status: 'CANCELLED',
      title,
      type: 'Play',
      venueId: newId(),
      venueName: 'v',
      city: 'c',
      organizerId: null,
      startsAt: at,
      endsAt: at,
      onSaleAt: null,
      currency: 'INR',
      layoutVersion: 1,
    }
    const news = () =>
      shop.hand('orders', {
        id: newId(),
        type: 'dev.boxoffice.event.cancelled.v1',
        aggregateid: eventId,
        payload: snapshot,
        source: '/functions/catalog',
      })
    assert.is((await news()).status, 204)
    assert.is((await news()).status, 204)
    const { body: after } = await buyer.ask('GET', `/v1/orders/${order.id}`)
    assert.equal([after.status, after.reason], ['REFUNDED', 'event-cancelled'])
    assert.equal(await shop.ledgerOf(order.id), { taken: 105_000, back: 105_000 })
    assert.is(await told(order.id), 1)
    assert.equal(await shop.ledgerOf(other.id), { taken: 52_500, back: 0 })
  })

  it('gives the money back when the event is cancelled between the payment and the confirmation', async () => {
    const { eventId, seatIds } = await openSale(shop)
    await shop.look('seating', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    await shop.look('seating', `update events set status = 'ON_SALE' where id = $1`, [eventId])
    const buyer = await shop.buyer()
    const placing = buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_slow') })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await shop.look('seating', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    const { status, body } = await placing
    assert.equal([status, body.code, body.reason], [409, 'seats-lost', 'event-cancelled'])
    const { body: order } = await buyer.ask('GET', `/v1/orders/${body.orderId}`)
    assert.equal([order.status, order.refunded.amountMinor], ['FAILED', 52_500])
    assert.equal(await shop.ledgerOf(body.orderId), { taken: 52_500, back: 52_500 })
  })

  it('does so too when only orders has heard of it: the confirming statement looks once more', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const placing = buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_slow') })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await shop.look('orders', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    const { body } = await placing
    assert.is(body.reason, 'event-cancelled')
    assert.equal(await shop.ledgerOf(body.orderId), { taken: 52_500, back: 52_500 })
    await shop.deliver('orders')
    assert.equal((await statuses(eventId))[0], 'AVAILABLE')
  })
})
