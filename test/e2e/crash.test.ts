import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

/** Where each function dies, once, by its own hand: no moment is left to chance. */
const failpoints: [FunctionName, string][] = [
  ['seating', 'seating.held'],
  ['orders', 'orders.before-charge'],
  ['payments', 'payments.charged'],
  ['payments', 'payments.recorded'],
  ['orders', 'orders.after-charge'],
  ['seating', 'seating.allocated'],
  ['orders', 'orders.after-allocate'],
  ['tickets', 'tickets.issued'],
  ['notifications', 'notifications.sent'],
]

describe('kill -9 in the middle of a purchase', (it) => {
  const marks = mkdtempSync(join(tmpdir(), 'boxoffice-marks-'))
  let market: Market
  let sale: Awaited<ReturnType<Market['openSale']>>
  let place = 0

  it.before(async () => {
    // A mark says that a failpoint has gone off; taking it away arms it.
    for (const [, point] of failpoints) writeFileSync(join(marks, point), '')
    market = await openMarket({
      isWarm: true,
      settings: (name) => ({
        FAILPOINTS: failpoints
          .filter(([owner]) => owner === name)
          .map(([, point]) => point)
          .join(),
        FAILPOINTS_ONCE: marks,
        LEASE_SECONDS: '3',
      }),
    })
    sale = await market.openSale(40)
  })
  it.after(() => market.close())

  for (const [name, point] of failpoints)
    it(`of ${name} at ${point}: the order comes to its end without its client, charged once`, async () => {
      const { eventId, seatIds } = sale
      const buyer = await market.person()
      await market.publish('dev.boxoffice.user.registered.v2', buyer.id, {
        userId: buyer.id,
        contactSealed: market.sealContact(buyer.id),
        roles: ['customer'],
        version: 1,
      })
      const key = newId()
      const wish = { eventId, seatIds: [seatIds[place++]], ...card('tok_ok') }
      rmSync(join(marks, point))
      const first = await buyer.order(wish, key)
      await until(`${point} goes off`, async () => existsSync(join(marks, point)))
      const took = await until(
        'the order is there and CONFIRMED with its tickets',
        async () => {
          const { body } = await buyer.ask('GET', '/v1/orders')
          if (body?.total === 0 && first.status !== 201) await buyer.order(wish, key)
          return body?.items?.[0]?.status === 'CONFIRMED' && body.items[0].ticketsIssued
        },
        60_000,
      )
      const { body } = await buyer.ask('GET', '/v1/orders')
      assert.is(body.total, 1)
      assert.equal(await market.ledgerOf(body.items[0].id), { taken: 52_500, back: 0 })
      const tickets = await buyer.ask('GET', '/v1/tickets')
      assert.is(tickets.body.total, 1)
      const again = await buyer.order(wish, key)
      assert.equal([again.status, again.body.id], [201, body.items[0].id])
      assert.ok(took < 60_000)
      await until('the mail', async () => (await mailsOf(buyer.id)) > 0, 70_000)
    })

  it('from outside, at any moment, while many buy: all who go on asking have their seat, paid once', async () => {
    const { eventId, seatIds } = await market.openSale(60)
    const buyers = await Promise.all(seatIds.map(() => market.person()))
    const killing = (async () => {
      for (let i = 0; i < 60; i++) {
        const victim = functionNames[i % functionNames.length]
        if (victim) for (const pid of market.pidsOf(victim)) process.kill(pid, 'SIGKILL')
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    })()
    await Promise.all(
      buyers.map(async (buyer, i) => {
        const key = newId()
        const wish = { eventId, seatIds: [seatIds[i]], ...card('tok_ok') }
        await until(
          `order ${i}`,
          async () => [201, 202].includes((await buyer.order(wish, key)).status),
          90_000,
        )
      }),
    )
    await killing
    await until(
      'every order has come to its end',
      async () => {
        const open = await market.sql(
          'orders',
          `select count(*)::int as open from orders where event_id = $1 and (status in ('PENDING', 'HELD', 'PAID', 'REFUNDING') or closing is not null)`,
          [eventId],
        )
        return open[0].open === 0
      },
      60_000,
    )
    const orders = await market.sql(
      'orders',
      'select id, status, total_minor::int as total from orders where event_id = $1',
      [eventId],
    )
    for (const { id, status, total } of orders) {
      const { taken, back } = await market.ledgerOf(id)
      assert.is(taken - back, status === 'CONFIRMED' ? total : 0, `${id} ${status}`)
    }
    const [{ sold }] = await market.sql(
      'seating',
      'select count(*)::int as sold from allocations where event_id = $1',
      [eventId],
    )
    assert.is(sold, orders.filter(({ status }) => status === 'CONFIRMED').length)
    assert.is(sold, 60)
  })

  async function mailsOf(userId: string): Promise<number> {
    const response = await fetch(`${market.mailboxUrl}/messages?to=${userId}@example.com`)
    return ((await response.json()) as { items: unknown[] }).items.length
  }
})
