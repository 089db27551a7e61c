import * as assert from 'uvu/assert'
import { statement } from '../functions/_runtime/database.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('buyers who meet', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop()))
  it.after(() => shop.close())

  const count = (answers: { status: number }[], status: number) =>
    answers.filter((answer) => answer.status === status).length

  it('for the same key: one order, one charge, the others wait for its answer or get it', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_ok') }
    const answers = await Promise.all(Array.from({ length: 50 }, () => buyer.order(wish, key)))
    assert.is(count(answers, 201) + count(answers, 409), 50)
    const bodies = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text))
    assert.is(bodies.size, 1)
    for (const { status, body } of answers)
      if (status === 409) assert.is(body.code, 'request-in-progress')
    assert.is(
      await shop.look('orders', 'select count(*)::int from orders where event_id = $1', [eventId]),
      1,
    )
    const [order] = [...bodies].map((text) => JSON.parse(text))
    assert.equal(await shop.ledgerOf(order.id), { taken: 52_500, back: 0 })
  })

  it('the twin: without the row of the key, the same request twenty times makes twenty orders', async () => {
    const { eventId } = await openSale(shop)
    const insert = statement(
      '',
      `insert into orders (id, buyer_id, event_id, event_title, status, hold_id, currency, subtotal_minor, tax_minor, total_minor)
      values ($1, $2, $3, 'A play', 'HELD', $1, 'INR', 0, 0, 0)`,
    )
    const buyerId = newId()
    await Promise.all(
      Array.from({ length: 20 }, () =>
        shop.databases.orders.query(insert, [newId(), buyerId, eventId]),
      ),
    )
    assert.is(
      await shop.look('orders', 'select count(*)::int from orders where event_id = $1', [eventId]),
      20,
    )
  })

  it('whose order could not be written: the same key goes on with the same seats', async () => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds: [seatIds[0]], ...card('tok_ok') }
    const lock = statement('', 'lock table kept_answers in exclusive mode')
    await shop.databases.orders.transaction(async (tx) => {
      await tx.query(lock)
      const refused = await Promise.all([buyer.order(wish, key), buyer.order(wish, key)])
      for (const { status, body } of refused) {
        assert.equal([status, body.code], [503, 'busy'])
        assert.match(body.detail, 'seats are kept for its key')
      }
    })
    const { status, body } = await buyer.order(wish, key)
    assert.equal([status, body.code], [201, undefined])
    const sold = `select array_agg(order_id) from allocations where seat_id = '${seatIds[0]}'`
    assert.equal(await shop.look('seating', sold), [body.id])
  })

  it('for ten seats, a hundred of them: ten are sold, nobody pays for nothing, and no answer is 5xx', async () => {
    const { eventId, seatIds } = await openSale(shop, 10)
    const buyers = await Promise.all(Array.from({ length: 100 }, () => shop.buyer()))
    const answers = await Promise.all(
      buyers.map((buyer, i) =>
        buyer.order({ eventId, seatIds: [seatIds[i % 10]], ...card('tok_ok') }),
      ),
    )
    assert.is(count(answers, 201), 10)
    assert.is(count(answers, 409), 90)
    assert.is(
      await shop.look('seating', 'select count(*)::int from allocations where event_id = $1', [
        eventId,
      ]),
      10,
    )
    const taken = await shop.look(
      'payments',
      `select coalesce(sum(amount_minor), 0)::int from payments where status = 'SUCCESS' and order_id = any($1::uuid[])`,
      [answers.filter(({ status }) => status === 201).map(({ body }) => body.id)],
    )
    assert.is(taken, 10 * 52_500)
  })

  it('for pairs that overlap: every order has both its seats', async () => {
    const { eventId, seatIds } = await openSale(shop, 10)
    const buyers = await Promise.all(Array.from({ length: 60 }, () => shop.buyer()))
    const answers = await Promise.all(
      buyers.map((buyer, i) => {
        const pair = [seatIds[i % 10], seatIds[(i + 1) % 10]]
        return buyer.order({
          eventId,
          seatIds: i % 2 ? pair : pair.toReversed(),
          ...card('tok_ok'),
        })
      }),
    )
    assert.is(count(answers, 201) + count(answers, 409), 60)
    const sold = await shop.look(
      'seating',
      'select count(*)::int from allocations where event_id = $1',
      [eventId],
    )
    assert.is(sold, count(answers, 201) * 2)
  })
})
