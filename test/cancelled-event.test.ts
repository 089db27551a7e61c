import * as assert from 'uvu/assert'
import { statement } from '../functions/_runtime/database.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { accessToken } from '../functions/_runtime/testing/tokens.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('an event that is cancelled', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop()))
  it.after(() => shop.close())

  const organizerId = newId()
  const cancelled = (eventId: string) => {
    const at = new Date(Date.now() + 7 * 86_400_000).toISOString()
    const payload = {
      eventId,
      version: 2,
      status: 'CANCELLED',
      title: 'A play',
      type: 'Play',
      venueId: newId(),
      venueName: 'v',
      city: 'c',
      organizerId,
      startsAt: at,
      endsAt: at,
      onSaleAt: null,
      currency: 'INR',
      layoutVersion: 1,
    }
    const type = 'dev.boxoffice.event.cancelled.v1'
    const source = '/functions/catalog'
    return shop.hand('orders', { id: newId(), type, aggregateid: eventId, payload, source })
  }
  const sweep = () => {
    const type = 'dev.knative.sources.ping'
    const source = '/clock'
    return shop.hand('orders', { id: newId(), type, aggregateid: 'clock', payload: {}, source })
  }
  const progressOf = async (eventId: string, by = organizerId, roles = ['organizer'] as const) => {
    const authorization = `Bearer ${await accessToken(by, [...roles])}`
    return shop.ask('orders', `/v1/events/${eventId}/refunds`, { headers: { authorization } })
  }
  const parts = (body: Record<string, any>) =>
    ['toRefund', 'refunding', 'waiting', 'refunded'].map((part) => [
      body[part].orders,
      body[part].amount.amountMinor,
    ])

  async function sold(count: number) {
    const { eventId, seatIds } = await openSale(shop, count + 1)
    await shop.look('orders', 'update events set organizer_id = $2 where id = $1', [
      eventId,
      organizerId,
    ])
    const buyer = await shop.buyer()
    const orders = await Promise.all(
      seatIds
        .slice(0, count)
        .map((seatId) => buyer.order({ eventId, seatIds: [seatId], ...card('tok_ok') })),
    )
    return { eventId, seatIds, buyer, orderIds: orders.map(({ body }): string => body.id) }
  }

  it('shows its organizer how the refunds go from none to all, and nobody else', async () => {
    const { eventId, orderIds, buyer } = await sold(3)
    assert.equal((await progressOf(eventId)).body.eventStatus, 'ON_SALE')
    assert.is((await progressOf(eventId, newId())).body.code, 'forbidden')
    assert.is((await buyer.ask('GET', `/v1/events/${eventId}/refunds`)).body.code, 'forbidden')
    assert.is((await progressOf(newId())).status, 404)

    await shop.look('orders', `update events set status = 'CANCELLED' where id = $1`, [eventId])
    const before = (await progressOf(eventId)).body
    assert.equal([before.done, ...parts(before)], [false, [3, 157_500], [0, 0], [0, 0], [0, 0]])
    assert.is((await cancelled(eventId)).status, 204)
    const after = (await progressOf(eventId)).body
    assert.equal([after.done, ...parts(after)], [true, [0, 0], [0, 0], [0, 0], [3, 157_500]])
    for (const id of orderIds)
      assert.equal(await shop.ledgerOf(id), { taken: 52_500, back: 52_500 })
  })

  it('shows refunds that have no answer as waiting, asks again, and counts none as done before', async () => {
    const { eventId, orderIds } = await sold(2)
    const [first] = orderIds
    const lock = statement('', 'select from payments where order_id = any($1::uuid[]) for update')
    await shop.databases.payments.transaction(async (tx) => {
      await tx.query(lock, [orderIds])
      assert.is((await cancelled(eventId)).status, 204)
      const asked = (await progressOf(eventId)).body
      assert.equal([asked.done, ...parts(asked).slice(1)], [false, [2, 105_000], [0, 0], [0, 0]])
      const order = await shop.look('orders', 'select status from orders where id = $1', [first])
      assert.is(order, 'REFUNDING')
    })
    for (const id of orderIds) assert.is((await shop.ledgerOf(id)).back, 0)
    await shop.look('orders', 'update refunds set attempts = 1 where order_id = $1', [first])
    const waiting = (await progressOf(eventId)).body
    assert.equal(parts(waiting).slice(1), [
      [1, 52_500],
      [1, 52_500],
      [0, 0],
    ])
    await shop.look('orders', 'update refunds set due_at = now()')
    await sweep()
    assert.is((await progressOf(eventId)).body.done, true)
    for (const id of orderIds)
      assert.equal(await shop.ledgerOf(id), { taken: 52_500, back: 52_500 })
  })

  it('ends orders that wait for their buyer, whose money comes back should he be paying', async () => {
    const { eventId, seatIds, buyer } = await sold(2)
    const { body } = await buyer.order({ eventId, seatIds: seatIds.slice(2) })
    assert.is(body.status, 'HELD')
    const intent = await buyer.at('payments')('POST', '/v1/payments/intents', { orderId: body.id })
    const pay = `/v1/payments/intents/${intent.body.id}/confirm`
    const means = { method: 'CARD', token: 'tok_ok' }
    assert.is((await buyer.at('payments')('POST', pay, means)).status, 200)
    assert.is((await progressOf(eventId)).body.open, 1)
    assert.is((await cancelled(eventId)).status, 204)
    const { body: ended } = await buyer.ask('GET', `/v1/orders/${body.id}`)
    assert.equal([ended.status, ended.reason], ['FAILED', 'event-cancelled'])
    assert.equal(await shop.ledgerOf(body.id), { taken: 52_500, back: 52_500 })
    assert.is((await progressOf(eventId)).body.done, true)
  })

  it('is given back in batches: a delivery takes so many, and the next goes on', async () => {
    const { eventId } = await sold(1)
    // As many confirmed orders as two deliveries take, that cost nothing: no bank slows the test down.
    await shop.databases.orders.query(
      statement(
        '',
        `insert into orders (id, buyer_id, event_id, event_title, status, hold_id, currency, subtotal_minor,
           tax_minor, total_minor)
         select id, id, $1, 'A play', 'CONFIRMED', id, 'INR', 0, 0, 0
         from (select gen_random_uuid() as id from generate_series(1, 550)) n`,
      ),
      [eventId],
    )
    await shop.databases.orders.query(
      statement(
        '',
        `insert into order_lines (order_id, place, seat_id, label, section, price_minor)
         select id, 0, gen_random_uuid(), 'A', 'S', 0 from orders where event_id = $1
         on conflict do nothing`,
      ),
      [eventId],
    )
    assert.is((await cancelled(eventId)).body.code, 'busy')
    const half = (await progressOf(eventId)).body
    assert.is(half.done, false)
    assert.ok(
      half.toRefund.orders > 0 && half.toRefund.orders < 551,
      `${half.toRefund.orders} left`,
    )
    for (let i = 0; i < 20 && !(await progressOf(eventId)).body.done; i++) {
      await cancelled(eventId)
      await shop.look('orders', 'update refunds set due_at = now()')
      await sweep()
    }
    const { body } = await progressOf(eventId)
    assert.equal([body.done, body.refunded.orders], [true, 551])
  })

  it('streams the progress, first as it stands', async () => {
    const { eventId } = await sold(1)
    const authorization = `Bearer ${await accessToken(organizerId, ['organizer'])}`
    const stopped = new AbortController()
    const response = await fetch(shop.urlOf('orders', `/v1/events/${eventId}/refunds/stream`), {
      headers: { authorization },
      signal: stopped.signal,
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () => {
      let text = ''
      while (!text.includes('\n\n')) text += (await reader?.read())?.value ?? ''
      return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}')
    }
    assert.is((await next()).eventStatus, 'ON_SALE')
    await cancelled(eventId)
    const done = await next()
    assert.equal([done.done, done.refunded.orders], [true, 1])
    stopped.abort()
  })
})
