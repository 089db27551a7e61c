import * as assert from 'uvu/assert'
import { createDatabase, type Database } from '../functions/_runtime/database.ts'
import { newId } from '../functions/_runtime/ids.ts'
import { createLog } from '../functions/_runtime/log.ts'
import { describe } from '../functions/_runtime/test.ts'
import { look } from '../functions/_runtime/testing/ask.ts'
import { testEnv } from '../functions/_runtime/testing/env.ts'
import { endTesting } from '../functions/_runtime/testing/services.ts'
import { accessToken } from '../functions/_runtime/testing/tokens.ts'
import { start as startCatalog } from '../functions/catalog/start.ts'
import { start as startOrders } from '../functions/orders/start.ts'
import { migrationsOf } from '../scripts/migrations.ts'
import { listen } from './shop.ts'

const hall = { sections: [{ name: 'Floor', priceZone: 'Silver', standing: { capacity: 5 } }] }

describe('an admin who deletes an event', (it) => {
  let orders: Awaited<ReturnType<typeof listen>>
  let catalog: Awaited<ReturnType<typeof listen>>
  let ordersDatabase: Database
  let admin: string
  const organizerId = newId()
  const adminId = newId()

  it.before(async () => {
    const ordersEnv = await testEnv('orders', await migrationsOf('orders'))
    orders = await listen(startOrders(ordersEnv))
    const env = await testEnv('catalog', await migrationsOf('catalog'))
    catalog = await listen(startCatalog({ ...env, FUNCTION_ADDRESSES: `orders=${orders.address}` }))
    ordersDatabase = createDatabase({
      url: ordersEnv.DATABASE_URL ?? '',
      connections: 2,
      prepared: true,
      entities: async () => [],
      log: createLog('test', 'silent'),
    })
    admin = await accessToken(adminId, ['admin'])
  })
  it.after(async () => {
    await catalog.close()
    await ordersDatabase.close()
    await endTesting()
  })

  async function ask(token: string, method: string, path: string, body?: unknown) {
    const response = await fetch(`http://${catalog.address}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** An announced event; `steps` are asked of it by the admin. */
  async function newEvent(...steps: string[]) {
    const organizer = await accessToken(organizerId, ['organizer'])
    const venue = await ask(organizer, 'POST', '/v1/venues', {
      name: 'Old Hall',
      city: 'Pune',
      layout: hall,
    })
    const { body } = await ask(organizer, 'POST', '/v1/events', {
      title: 'A Play',
      type: 'play',
      venueId: venue.body.id,
      startsAt: '2090-03-01T18:00:00Z',
      endsAt: '2090-03-01T20:00:00Z',
      currency: 'INR',
      prices: { Silver: 100 },
    })
    for (const step of steps)
      assert.is((await ask(admin, 'POST', `/v1/events/${body.id}/${step}`)).status, 200)
    return { id: body.id as string, venueId: venue.body.id as string, organizer }
  }

  const remove = (id: string, token = admin) => ask(token, 'DELETE', `/v1/events/${id}`)
  const sql = (text: string, values: unknown[]) => look(ordersDatabase, text, values)

  /** As the CloudEvent of the cancellation leaves it. */
  const tellOrders = (id: string) =>
    sql(`insert into events values ($1, 'A Play', 'CANCELLED', now(), now(), null, 'INR', 9)`, [id])
  const order = (id: string) =>
    sql(
      `insert into orders (id, buyer_id, event_id, event_title, status, hold_id, currency,
         subtotal_minor, tax_minor, total_minor)
       values ($1, $1, $2, 'A Play', 'FAILED', $1, 'INR', 0, 0, 0)`,
      [newId(), id],
    )

  it('may, once it is cancelled, orders knows it, and nobody ordered; the log has each act', async () => {
    const { id, venueId, organizer } = await newEvent('publish')
    const live = await remove(id)
    assert.equal([live.status, live.body.code], [409, 'event-fixed'])
    await ask(admin, 'POST', `/v1/events/${id}/cancel`)
    const early = await remove(id)
    assert.equal([early.status, early.body.code], [503, 'busy'])
    await tellOrders(id)
    assert.is((await remove(id, organizer)).body.code, 'event-fixed', 'not its organizer')
    assert.is((await ask(admin, 'DELETE', `/v1/venues/${venueId}`)).body.code, 'venue-in-use')
    assert.is((await remove(id)).status, 204)
    assert.is((await remove(id)).status, 404)
    assert.is((await ask(admin, 'DELETE', `/v1/venues/${venueId}`)).status, 204)
    const { body } = await ask(admin, 'GET', `/v1/audit/catalog?actorId=${adminId}`)
    assert.equal(
      body.items.map(({ act, subject }: { act: string; subject: string }) => [act, subject]),
      [
        ['venue.delete', venueId],
        ['event.delete', id],
        ['event.cancel', id],
        ['event.publish', id],
      ],
    )
    assert.is((await ask(organizer, 'GET', '/v1/audit/catalog')).status, 403)
  })

  it('is refused where somebody ordered, whatever became of it', async () => {
    const { id } = await newEvent('publish', 'cancel')
    await tellOrders(id)
    await order(id)
    const refused = await remove(id)
    assert.equal([refused.status, refused.body.code], [409, 'event-has-orders'])
  })

  it('is refused while orders does not answer: no answer is no permission', async () => {
    const { id } = await newEvent('publish', 'cancel')
    await tellOrders(id)
    await orders.close()
    const refused = await remove(id)
    assert.equal([refused.status, refused.body.code], [502, 'function-unreachable'])
    assert.is((await ask(admin, 'GET', `/v1/events/${id}`)).status, 200)
  })
})
