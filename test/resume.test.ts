import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { newId } from '../functions/_runtime/ids.ts'
import { jwksKey } from '../functions/_runtime/runtime.ts'
import { describe } from '../functions/_runtime/test.ts'
import { testRedisUrl } from '../functions/_runtime/testing/services.ts'
import { testJwks } from '../functions/_runtime/testing/tokens.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

/** What a crash leaves behind, made by putting an order back to where it stood then. */
describe('an order that was left standing', (it) => {
  let shop: Shop
  let redis: Redis
  it.before(async () => {
    const redisUrl = await testRedisUrl()
    redis = new Redis(redisUrl)
    await redis.set(jwksKey, JSON.stringify(testJwks))
    shop = await openShop({ orders: { LEASE_SECONDS: '1' }, seating: { REDIS_URL: redisUrl } })
  })
  it.after(async () => {
    redis.disconnect()
    await shop.close()
  })

  const sweep = () =>
    shop.hand('orders', {
      id: newId(),
      type: 'dev.knative.sources.ping',
      aggregateid: 'clock',
      payload: {},
      source: '/clock',
    })

  /** An order that was charged and whose process died before it knew. */
  async function chargedOnly(token: string) {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: [seatIds[0]], ...card(token) }
    const first = await buyer.order(wish, key)
    const orderId = first.body.id ?? first.body.orderId
    await shop.look('seating', 'delete from allocations where order_id = $1', [orderId])
    await shop.look(
      'seating',
      `update seats set status = 'HELD', hold_id = $1, held_until = now() + interval '10 min' where event_id = $2 and ordinal = 1`,
      [orderId, eventId],
    )
    await shop.look(
      'seating',
      `update holds set status = 'ACTIVE', expires_at = now() + interval '10 min' where id = $1`,
      [orderId],
    )
    await shop.look(
      'orders',
      `update orders set status = 'HELD', confirmed_at = null, due_at = now(), means = $2, payment_id = null, payment_status = null where id = $1`,
      [orderId, JSON.stringify(wish.payment)],
    )
    await shop.look(
      'orders',
      'update kept_answers set status = null, headers = null, body = null where order_id = $1',
      [orderId],
    )
    return { buyer, orderId, eventId, seatIds, key, wish }
  }

  it('is confirmed by the sweep, without its client, and charged once', async () => {
    const { buyer, orderId, key, wish } = await chargedOnly('tok_ok')
    assert.is((await sweep()).status, 204)
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.is(body.status, 'CONFIRMED')
    assert.equal(await shop.ledgerOf(orderId), { taken: 52_500, back: 0 })
    const retried = await buyer.order(wish, key)
    assert.equal([retried.status, retried.headers.get('idempotency-replayed')], [201, 'true'])
  })

  it('is taken over by the retry when the lease is over, and left alone while it is not', async () => {
    const { buyer, orderId, key, wish } = await chargedOnly('tok_ok')
    await shop.look('orders', `update orders set due_at = now() + interval '1 h' where id = $1`, [
      orderId,
    ])
    const early = await buyer.order(wish, key)
    assert.equal([early.status, early.body.code], [409, 'request-in-progress'])
    await shop.look('orders', 'update orders set due_at = now() where id = $1', [orderId])
    const taken = await buyer.order(wish, key)
    assert.equal([taken.status, taken.body.status], [201, 'CONFIRMED'])
  })

  it('gets its money back when it was paid and its event is cancelled by then', async () => {
    const { orderId, eventId } = await chargedOnly('tok_ok')
    await shop.look('orders', `update orders set status = 'PAID' where id = $1`, [orderId])
    await shop.look('orders', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    await sweep()
    const order = await shop.look(
      'orders',
      `select status || ' ' || reason from orders where id = $1`,
      [orderId],
    )
    assert.is(order, 'FAILED event-cancelled')
    assert.equal(await shop.ledgerOf(orderId), { taken: 52_500, back: 52_500 })
  })

  it('goes on where somebody else moved it meanwhile, and its first answer is kept', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_slow') }
    const placing = buyer.order(wish, key)
    const move = 'update orders set version = version + 1 where event_id = $1 returning id'
    let orderId: string | undefined
    while (!orderId) orderId = (await shop.look('orders', move, [eventId])) as string | undefined
    const first = await placing
    assert.equal([first.status, first.body.status], [202, 'HELD'])
    await shop.look('orders', 'update orders set due_at = now() where id = $1', [orderId])
    await sweep()
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.is(body.status, 'CONFIRMED')
    assert.is((await buyer.order(wish, key)).text, first.text)
  })

  it('gets its money back when somebody else has the seat by then', async () => {
    const { buyer, orderId, eventId, seatIds, key, wish } = await chargedOnly('tok_ok')
    await shop.look(
      'seating',
      `update seats set status = 'SOLD', hold_id = null, held_until = null where id = $1`,
      [seatIds[0]],
    )
    await shop.look(
      'seating',
      'insert into allocations (seat_id, event_id, order_id) values ($1, $2, gen_random_uuid())',
      [seatIds[0], eventId],
    )
    await sweep()
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.equal(
      [body.status, body.reason, body.refunded.amountMinor],
      ['FAILED', 'seats-lost', 52_500],
    )
    assert.equal(await shop.ledgerOf(orderId), { taken: 52_500, back: 52_500 })
    const retried = await buyer.order(wish, key)
    assert.equal([retried.status, retried.body.code], [409, 'seats-lost'])
  })

  it('is asked about, not charged, when its hold is over: unpaid it runs out', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds: [seatIds[0]] })
    await shop.look(
      'orders',
      `update orders set means = '{"method":"CARD","token":"tok_ok"}', payment_status = null, due_at = now() where id = $1`,
      [body.id],
    )
    await shop.look('seating', `update holds set expires_at = now() where id = $1`, [body.id])
    await sweep()
    assert.is((await buyer.ask('GET', `/v1/orders/${body.id}`)).body.status, 'EXPIRED')
    assert.equal(await shop.ledgerOf(body.id), { taken: 0, back: 0 })
  })

  /** Its time has come, as the clock of orders sees it. */
  const makeDue = (orderId: string) =>
    shop.look(
      'orders',
      `update orders set hold_expires_at = now() - interval '5 min', due_at = now() where id = $1`,
      [orderId],
    )

  it('waits for its buyer as long as seating says, who may have been given more time', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds: [seatIds[0]] })
    const { holdId } = body
    const extended = await buyer.at('seating')('POST', '/v1/seats/extend', { holdId })
    assert.is(extended.status, 200)
    await makeDue(body.id)
    await sweep()
    const waiting = await buyer.ask('GET', `/v1/orders/${body.id}`)
    assert.equal(
      [waiting.body.status, waiting.body.holdExpiresAt],
      ['HELD', extended.body.expiresAt],
    )
    await shop.look(
      'seating',
      `update holds set expires_at = now() - interval '1 s' where id = $1`,
      [holdId],
    )
    await makeDue(body.id)
    await sweep()
    assert.is((await buyer.ask('GET', `/v1/orders/${body.id}`)).body.status, 'EXPIRED')
  })

  it('keeps its seats when Redis says that another has them: the hold is what counts', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds: [seatIds[0]] })
    await redis.set(`seat:{${eventId}}:${seatIds[0]}`, newId(), 'PX', 10_000)
    await makeDue(body.id)
    await sweep()
    assert.is((await buyer.ask('GET', `/v1/orders/${body.id}`)).body.status, 'HELD')
  })

  for (const [payment, what] of [
    [{}, 'its buyer to pay'],
    [card('tok_3ds'), 'the bank of its buyer'],
  ] as const)
    it(`waits as long for ${what} when it was placed over events`, async () => {
      const { eventId, seatIds } = await openSale(shop)
      const buyer = await shop.buyer()
      const wish = { eventId, seatIds: [seatIds[0]], ...payment }
      const { body } = await buyer.order(wish, newId(), { prefer: 'respond-async' })
      await shop.deliver('orders')
      await shop.deliver('seating')
      await shop.deliver('orders')
      await shop.look('orders', 'update orders set due_at = now() where id = $1', [body.id])
      await sweep()
      for (let i = 0; i < 2; i++) {
        await makeDue(body.id)
        await sweep()
      }
      const { body: waiting } = await buyer.ask('GET', `/v1/orders/${body.id}`)
      assert.equal([waiting.status, waiting.payment.status], ['HELD', 'PENDING'])
    })

  it('is asked about when its hold is over: paid it takes its seats again', async () => {
    const { buyer, orderId } = await chargedOnly('tok_ok')
    await shop.look(
      'orders',
      `update orders set hold_expires_at = now() - interval '1 min' where id = $1`,
      [orderId],
    )
    await shop.look(
      'seating',
      `update holds set expires_at = now() - interval '1 s' where id = $1`,
      [orderId],
    )
    await shop.look(
      'seating',
      `update seats set held_until = now() - interval '1 s' where hold_id = $1`,
      [orderId],
    )
    await sweep()
    assert.is((await buyer.ask('GET', `/v1/orders/${orderId}`)).body.status, 'CONFIRMED')
  })

  it('tells tickets again, under the same id, until tickets answers', async () => {
    const { eventId } = await openSale(shop)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, quantity: 1, ...card('tok_ok') })
    const confirmed = await shop.look(
      'orders',
      'select confirmed_outbox_id from orders where id = $1',
      [body.id],
    )
    await shop.look('orders', 'delete from outbox_unsent')
    await shop.look('orders', 'update orders set due_at = now() where id = $1', [body.id])
    await sweep()
    assert.is(
      await shop.look('orders', 'select count(*)::int from outbox_unsent where id = $1', [
        confirmed,
      ]),
      1,
    )
    const payload = {
      orderId: body.id,
      eventId,
      holderId: buyer.id,
      eventTitle: 'A play',
      venueName: '',
      city: '',
      startsAt: null,
      tickets: [],
    }
    await shop.hand('orders', {
      id: newId(),
      type: 'dev.boxoffice.tickets.issued.v1',
      aggregateid: body.id,
      payload,
      source: '/functions/tickets',
    })
    assert.is((await buyer.ask('GET', `/v1/orders/${body.id}`)).body.ticketsIssued, true)
    assert.is(await shop.look('orders', 'select due_at from orders where id = $1', [body.id]), null)
  })

  it('is history when it was imported: no sweep touches it', async () => {
    const { eventId } = await openSale(shop)
    const id = newId()
    await shop.look(
      'orders',
      `insert into orders (id, buyer_id, event_id, event_title, status, hold_id, currency, subtotal_minor, tax_minor, total_minor, is_imported)
      values ($1, $1, $2, 'A play', 'PAID', $1, 'INR', 0, 0, 0, true)`,
      [id, eventId],
    )
    await shop.look('orders', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    await sweep()
    assert.equal(await shop.look('orders', 'select status from orders where id = $1', [id]), 'PAID')
  })
})
