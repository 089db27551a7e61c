import { createRequire } from 'node:module'
import qrcode from 'qrcode'
import * as assert from 'uvu/assert'
import type { Role } from '../../../contracts/route.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { ticketOfCode } from '../codes.ts'
import { anOrder, later, look, openTickets, ticketKey, type Tickets } from './support.ts'

describe('GET /v1/tickets', (it) => {
  let tickets: Tickets
  it.before(async () => (tickets = await openTickets()))
  it.after(() => tickets.close())

  /** Three orders of one buyer, two seats each, a minute between them; the oldest is refunded. */
  async function threeOrders() {
    const buyerId = newId()
    const orders = [anOrder({ buyerId }), anOrder({ buyerId }), anOrder({ buyerId })] as const
    for (const [i, order] of orders.entries()) {
      await tickets.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order)
      await look(
        tickets.deps.database,
        `update tickets set issued_at = now() + make_interval(mins => $2) where order_id = $1`,
        [order.orderId, i],
      )
    }
    const refunded = later(orders[0], 'REFUNDED')
    await tickets.deliver('dev.boxoffice.order.refunded.v1', refunded.orderId, refunded)
    return { buyerId, orders, ask: await tickets.as(buyerId) }
  }

  it("lists the caller's own, newest first, by page", async () => {
    const { ask, orders } = await threeOrders()
    await threeOrders()
    const { body } = await ask('GET', '/v1/tickets?size=4')
    assert.equal([body.total, body.page, body.size], [6, 1, 4])
    assert.equal(
      body.items.map((ticket: Record<string, string>) => [ticket.orderId, ticket.label]),
      [
        [orders[2].orderId, 'A-1'],
        [orders[2].orderId, 'A-2'],
        [orders[1].orderId, 'A-1'],
        [orders[1].orderId, 'A-2'],
      ],
    )
    const second = await ask('GET', '/v1/tickets?size=4&page=2')
    assert.equal(
      second.body.items.map((ticket: Record<string, string>) => ticket.orderId),
      [orders[0].orderId, orders[0].orderId],
    )
    const past = await ask('GET', '/v1/tickets?size=4&page=3')
    assert.equal([past.body.items, past.body.total], [[], 6])
  })

  it('takes order, event and status as filters', async () => {
    const { ask, orders } = await threeOrders()
    const count = async (query: string) => (await ask('GET', `/v1/tickets?${query}`)).body.total
    assert.is(await count('status=ACTIVE'), 4)
    assert.is(await count('status=CANCELLED'), 2)
    assert.is(await count('status=USED'), 0)
    assert.is(await count(`orderId=${orders[1].orderId}`), 2)
    assert.is(await count(`eventId=${orders[2].eventId}`), 2)
    assert.is(await count(`eventId=${orders[2].eventId}&status=CANCELLED`), 0)
    assert.is(await count(`orderId=${newId()}`), 0)
  })

  it('is refused without a token, and with a filter that is not in the contract', async () => {
    const nobody = await tickets.ask('GET', '/v1/tickets')
    assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'])
    const ask = await tickets.as(newId())
    const bad = await ask('GET', '/v1/tickets?holderId=x&status=GOOD')
    assert.equal([bad.status, bad.body.code], [400, 'invalid-request'])
  })
})

describe('one ticket', (it) => {
  let tickets: Tickets
  it.before(async () => (tickets = await openTickets()))
  it.after(() => tickets.close())

  async function oneTicket() {
    const order = anOrder({}, [newId()])
    await tickets.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order)
    const holder = await tickets.as(order.buyerId)
    const { body } = await holder('GET', `/v1/tickets?orderId=${order.orderId}`)
    return { order, holder, ticket: body.items[0] as Record<string, string> }
  }

  it('shows itself to its holder and to admins; to others it does not exist', async () => {
    const { holder, ticket, order } = await oneTicket()
    const path = `/v1/tickets/${ticket.id}`
    const seen = await holder('GET', path)
    assert.equal(seen.body, ticket)
    assert.is(seen.headers.get('cache-control'), 'no-store')
    assert.is(ticketOfCode(ticketKey, ticket.code ?? ''), ticket.id)
    assert.is(ticket.eventTitle, order.eventTitle)
    const admin = await tickets.as(newId(), ['admin'])
    assert.is((await admin('GET', path)).status, 200)
    for (const ask of [await tickets.as(newId()), await tickets.as(newId(), ['steward'])])
      for (const file of [path, `${path}.png`]) {
        const refused = await ask('GET', file)
        assert.equal([refused.status, refused.body.code], [404, 'not-found'])
      }
    assert.is((await tickets.ask('GET', path)).body.code, 'not-signed-in')
    assert.is((await tickets.ask('GET', `${path}.png`)).body.code, 'not-signed-in')
    assert.is((await holder('GET', `/v1/tickets/${newId()}`)).body.code, 'not-found')
  })

  it('has a picture of its own code: PNG, 512 pixels, kept by no shared cache', async () => {
    const { order, ticket } = await oneTicket()
    const picture = await pictureOf(ticket.id, order.buyerId)
    assert.is(picture.status, 200)
    assert.is(picture.headers.get('content-type'), 'image/png')
    assert.match(picture.headers.get('cache-control') ?? '', /^private/)
    const png = Buffer.from(await picture.arrayBuffer())
    assert.is(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a')
    assert.equal([png.readUInt32BE(16), png.readUInt32BE(20)], [512, 512])
    assert.is(modulesIn(png), modulesOf(ticket.code ?? ''))
    const other = await oneTicket()
    const otherPicture = await pictureOf(other.ticket.id, other.order.buyerId)
    assert.is.not(modulesIn(Buffer.from(await otherPicture.arrayBuffer())), modulesIn(png))
    assert.is((await pictureOf(ticket.id, newId(), ['admin'])).status, 200)
  })

  it('keeps its entry but loses its picture when it is cancelled', async () => {
    const { order, holder, ticket } = await oneTicket()
    const refunded = later(order, 'REFUNDED')
    await tickets.deliver('dev.boxoffice.order.refunded.v1', refunded.orderId, refunded)
    const entry = await holder('GET', `/v1/tickets/${ticket.id}`)
    assert.equal([entry.status, entry.body.status], [200, 'CANCELLED'])
    const refused = await holder('GET', `/v1/tickets/${ticket.id}.png`)
    assert.equal([refused.status, refused.body.code], [404, 'not-found'])
  })

  it('is asked for by its id, and by nothing that only looks like one', async () => {
    const ask = await tickets.as(newId())
    for (const [path, status] of [
      ['/v1/tickets/17', 400],
      ['/v1/tickets/17.png', 400],
      [`/v1/tickets/${'-'.repeat(36)}.png`, 404],
      [`/v1/tickets/${newId()}.pdf`, 400],
      [`/v1/tickets/x/${newId()}.png`, 400],
    ] as const)
      assert.is((await ask('GET', path)).status, status, path)
  })

  const pictureOf = async (id = '', userId = '', roles: Role[] = []) =>
    tickets.app.request(`/v1/tickets/${id}.png`, {
      headers: { authorization: `Bearer ${await accessToken(userId, roles)}` },
    })
})

/** The modules of a code as the encoder lays them out, a character each. */
const modulesOf = (code: string): string =>
  Array.from(qrcode.create(code, { errorCorrectionLevel: 'M' }).modules.data, Number).join('')

/** The modules that a picture shows: the middle of each, inside a margin of four. */
function modulesIn(png: Buffer): string {
  const { PNG } = createRequire(createRequire(import.meta.url).resolve('qrcode'))('pngjs')
  const { width, data } = PNG.sync.read(png)
  const size = 33
  const at = (module: number) => Math.floor(((module + 4.5) * width) / (size + 8))
  return Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [at(Math.floor(i / size)), at(i % size)]
    return data[(row * width + column) * 4] === 0 ? 1 : 0
  }).join('')
}
