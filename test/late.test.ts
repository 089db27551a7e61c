import * as assert from 'uvu/assert'
import { statement } from '../functions/_runtime/database.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('news that comes late', (it) => {
  let shop: Shop
  it.before(async () => (shop = await openShop({ orders: { LEASE_SECONDS: '1' } })))
  it.after(() => shop.close())

  const tick = (name: 'orders' | 'seating' | 'payments') => {
    const type = 'dev.knative.sources.ping'
    return shop.hand(name, {
      id: newId(),
      type,
      aggregateid: 'clock',
      payload: {},
      source: '/clock',
    })
  }
  const seatOf = (seatId: string) =>
    shop.look('seating', 'select status from seats where id = $1', [seatId])
  const lockRow = (table: string, column: string) =>
    statement('', `select from ${table} where ${column} = $1 for update`)

  async function approved(orderId: string) {
    const { id } = (await (await fetch(`${shop.bankUrl}/charges/${orderId}`)).json()) as {
      id: string
    }
    const body = JSON.stringify({ approve: true })
    const { status } = await fetch(`${shop.bankUrl}/3ds/${id}`, { method: 'POST', body })
    await shop.look('payments', 'update payments set check_at = now() where order_id = $1', [
      orderId,
    ])
    await tick('payments')
    return status
  }

  async function waitingForBank() {
    const { eventId, seatIds } = await openSale(shop, 2)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds: [seatIds[0]], ...card('tok_3ds') })
    assert.is(body.payment.status, 'PENDING')
    return { eventId, seatId: seatIds[0] ?? '', buyer, orderId: body.id as string }
  }
  const runOut = async (holdId: string) => {
    const past = `now() - interval '1 s'`
    await shop.look('seating', `update holds set expires_at = ${past} where id = $1`, [holdId])
    await shop.look('seating', `update seats set held_until = ${past} where hold_id = $1`, [holdId])
  }

  it('sells the seats of a hold that ran out, when they are still free', async () => {
    const { seatId, buyer, orderId } = await waitingForBank()
    await runOut(orderId)
    assert.is(await approved(orderId), 200)
    await shop.deliver('payments')
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.equal([body.status, await seatOf(seatId)], ['CONFIRMED', 'SOLD'])
  })

  it('is not believed a second time: a refunded order stays refunded', async () => {
    const { buyer, orderId } = await waitingForBank()
    assert.is(await approved(orderId), 200)
    const told = `select o.* from outbox o join payments p on p.id::text = o.payload->>'id'
      where p.order_id = $1 and o.type = 'dev.boxoffice.payment.succeeded.v1'`
    const [row] = await shop.databases.payments.query<Parameters<Shop['hand']>[1]>(
      statement('', told),
      [orderId],
    )
    assert.ok(row)
    const paid = { ...row, source: '/functions/payments' }
    await shop.deliver('payments')
    const order = async () => (await buyer.ask('GET', `/v1/orders/${orderId}`)).body
    const confirmed = await order()
    assert.is((await shop.hand('orders', paid)).status, 204)
    assert.equal(await order(), confirmed)

    await buyer.ask('POST', `/v1/orders/${orderId}/cancel`)
    const refunded = await order()
    assert.equal([refunded.status, refunded.payment.status], ['REFUNDED', 'REFUNDED'])
    assert.is((await shop.hand('orders', paid)).status, 204)
    assert.equal(await order(), refunded)
  })

  it('gives the money back when somebody else has them', async () => {
    const { eventId, seatId, buyer, orderId } = await waitingForBank()
    await runOut(orderId)
    await shop.look(
      'seating',
      `update seats set status = 'AVAILABLE', hold_id = null, held_until = null where id = $1`,
      [seatId],
    )
    const other = newId()
    await shop.look('seating', `update seats set status = 'SOLD' where id = $1`, [seatId])
    await shop.look(
      'seating',
      'insert into allocations (seat_id, event_id, order_id) values ($1, $2, $3)',
      [seatId, eventId, other],
    )
    assert.is(await approved(orderId), 200)
    await shop.deliver('payments')
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.equal([body.status, body.reason], ['FAILED', 'seats-lost'])
    assert.match(body.next, /went back in full/)
    assert.equal(await shop.ledgerOf(orderId), { taken: 52_500, back: 52_500 })
    assert.is(
      await shop.look('seating', 'select order_id from allocations where seat_id = $1', [seatId]),
      other,
    )
  })

  it('finds the bank closed once the order has run out', async () => {
    const { buyer, orderId } = await waitingForBank()
    await runOut(orderId)
    await tick('seating')
    await shop.deliver('seating')
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.is(body.status, 'EXPIRED')
    assert.is(await approved(orderId), 409)
    assert.equal(await shop.ledgerOf(orderId), { taken: 0, back: 0 })
  })

  it('releases a hold that is placed after its order was cancelled', async () => {
    const { eventId, seatIds } = await openSale(shop, 1)
    const buyer = await shop.buyer()
    const prefer = { prefer: 'respond-async' }
    const { body } = await buyer.order({ eventId, seatIds, ...card('tok_ok') }, newId(), prefer)
    const cancelled = await buyer.ask('POST', `/v1/orders/${body.id}/cancel`)
    assert.equal([cancelled.status, cancelled.body.status], [200, 'CANCELLED'])
    // seating hears of the end only after it has held the seats, or never
    await shop.look(
      'orders',
      `delete from outbox_unsent u using outbox o where o.id = u.id and o.type like '%order.cancelled%'`,
    )
    await shop.deliver('orders')
    assert.is(await seatOf(seatIds[0] ?? ''), 'HELD')
    await shop.deliver('seating')
    await shop.deliver('orders')
    assert.is(await seatOf(seatIds[0] ?? ''), 'AVAILABLE')
    assert.equal(await shop.ledgerOf(body.id), { taken: 0, back: 0 })
  })

  it('leaves an order CLOSING, and says so, until payments has said where the money is', async () => {
    const { eventId, seatIds } = await openSale(shop, 1)
    const buyer = await shop.buyer()
    const { body } = await buyer.order({ eventId, seatIds })
    const intents = lockRow('intents', 'order_id')
    const cancelled = await shop.databases.payments.transaction(async (tx) => {
      await tx.query(intents, [body.id])
      return buyer.ask('POST', `/v1/orders/${body.id}/cancel`)
    })
    assert.equal([cancelled.status, cancelled.body.status], [202, 'HELD'])
    assert.match(cancelled.body.next, /was cancelled\. Whatever was charged goes back/)
    assert.is(await seatOf(seatIds[0] ?? ''), 'AVAILABLE')
    await shop.look('orders', 'update orders set due_at = now() where id = $1', [body.id])
    await tick('orders')
    assert.is((await buyer.ask('GET', `/v1/orders/${body.id}`)).body.status, 'CANCELLED')
  })

  it('is 202 where the database is lost between the charge and the confirmation', async () => {
    const { eventId, seatIds } = await openSale(shop, 1)
    const buyer = await shop.buyer()
    const key = newId()
    const wish = { eventId, seatIds, ...card('tok_slow') }
    const placing = buyer.order(wish, key)
    const known = 'select id from orders where event_id = $1'
    let orderId: string | undefined
    while (!orderId) orderId = await shop.look('orders', known, [eventId])
    const answer = await shop.databases.orders.transaction(async (tx) => {
      await tx.query(lockRow('orders', 'id'), [orderId])
      return placing
    })
    assert.equal([answer.status, answer.body.id], [202, orderId])
    assert.match(answer.body.next, /your tickets, or all your money back/)
    await shop.look('orders', 'update orders set due_at = now() where id = $1', [orderId])
    await tick('orders')
    const again = await buyer.order(wish, key)
    assert.equal([again.status, again.text], [202, answer.text])
    const { body } = await buyer.ask('GET', `/v1/orders/${orderId}`)
    assert.is(body.status, 'CONFIRMED')
    assert.equal(await shop.ledgerOf(orderId), { taken: 52_500, back: 0 })
  })
})
