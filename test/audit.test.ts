import * as assert from 'uvu/assert'
import * as audit from '../contracts/audit.ts'
import { routes } from '../contracts/routes.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { describe } from '../functions/_runtime/test.ts'
import { accessToken } from '../functions/_runtime/testing/tokens.ts'
import { card, openSale, openShop, type Shop } from './shop.ts'

describe('the audit log of orders', (it) => {
  let shop: Shop
  const adminId = newId()
  it.before(async () => (shop = await openShop()))
  it.after(() => shop.close())

  const admin = async (method: string, path: string, body?: unknown) =>
    shop.ask('orders', path, {
      method,
      headers: {
        authorization: `Bearer ${await accessToken(adminId, ['admin'])}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const entries = async (query: string) => (await admin('GET', `/v1/audit/orders?${query}`)).body
  const bought = async (seats = 2) => {
    const { eventId, seatIds } = await openSale(shop)
    const buyer = await shop.buyer()
    const wish = { eventId, seatIds: seatIds.slice(0, seats), ...card('tok_ok') }
    const { body } = await buyer.order(wish)
    return { buyer, order: body, seatIds }
  }

  it('has each order that an admin gave back or cancelled, and what it was before', async () => {
    const { order, seatIds } = await bought()
    const some = { seatIds: seatIds.slice(0, 1) }
    assert.is((await admin('POST', `/v1/orders/${order.id}/refunds`, some)).status, 200)
    assert.is((await admin('POST', `/v1/orders/${order.id}/cancel`)).status, 200)
    const { items, total } = await entries(`subject=${order.id}`)
    assert.equal(
      items.map((one: any) => [one.act, one.actorId, one.before, one.after]),
      [
        ['order.cancel', adminId, { status: 'CONFIRMED', refundedMinor: 52_500 }, null],
        ['order.refund', adminId, { status: 'CONFIRMED', refundedMinor: 0 }, some],
      ],
    )
    assert.is(total, 2)
    const paged = await entries(`subject=${order.id}&size=1&page=2`)
    assert.equal([paged.items[0].act, paged.total, paged.page], ['order.refund', 2, 2])
  })

  it('has what was refused as well, and says so', async () => {
    const sold = await bought(2)
    const unknown = { seatIds: [newId()] }
    const answer = await admin('POST', `/v1/orders/${sold.order.id}/refunds`, unknown)
    assert.is(answer.body.code, 'not-found')
    assert.equal(
      (await entries(`subject=${sold.order.id}`)).items.map((one: any) => [
        one.act,
        one.after?.code,
      ]),
      [
        ['order.refund.refused', 'not-found'],
        ['order.refund', undefined],
      ],
    )
  })

  it('has nothing of buyers, is for admins only, and nothing changes it', async () => {
    const { buyer, order } = await bought(1)
    await buyer.ask('POST', `/v1/orders/${order.id}/cancel`)
    assert.is((await entries(`subject=${order.id}`)).total, 0)
    const refused = await buyer.ask('GET', '/v1/audit/orders')
    assert.equal([refused.status, refused.body.code], [403, 'forbidden'])
    for (const text of [
      `update audit_log set act = 'order.look' returning 1`,
      `delete from audit_log returning 1`,
    ])
      await shop.look('orders', text).then(
        () => assert.unreachable(text),
        (err: Error) => assert.match(err.message, 'only added to'),
      )
  })
})

describe('an audit log', (it) => {
  it('is there in every function where an admin can change something that is not his', () => {
    const logs = new Set(Object.values(audit).flatMap((one) => ('owner' in one ? [one.owner] : [])))
    // Orders and refunds are for their buyer and for admins: their contract says `signed-in`.
    const changing = new Set<string>(['orders'])
    for (const { route } of routes)
      if (route.method !== 'GET' && typeof route.access === 'object' && 'roles' in route.access)
        if (route.access.roles.includes('admin')) changing.add(route.owner)
    assert.equal([...logs].toSorted(), [...changing].toSorted())
  })
})
