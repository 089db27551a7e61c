import * as assert from 'uvu/assert'
import { derivedId, newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { codeOf } from '../codes.ts'
import {
  anEvent,
  anOrder,
  later,
  look,
  openTickets,
  ticketKey,
  ticketsOf,
  timesTold,
  type Order,
  type Tickets,
} from './support.ts'

describe('order.confirmed', (it) => {
  let tickets: Tickets
  it.before(async () => (tickets = await openTickets()))
  it.after(() => tickets.close())

  const confirm = (order: Order, id = newId()) =>
    tickets.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order, { id })
  const tell = (what: string, order: Order) =>
    tickets.deliver(`dev.boxoffice.order.${what}.v1`, order.orderId, order)
  const told = (orderId: string) =>
    look(
      tickets.deps.database,
      `select payload from outbox where aggregateid = $1 and type = 'dev.boxoffice.tickets.issued.v1'`,
      [orderId],
    )

  it('gives each seat its ticket, and tells of them with codes and what is known of the event', async () => {
    const order = anOrder()
    await tickets.deliver('dev.boxoffice.event.created.v1', order.eventId, anEvent(order.eventId))
    assert.is((await confirm(order)).status, 204)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE, A-2 ACTIVE')
    const { tickets: issued, ...event } = await told(order.orderId)
    assert.equal(event, {
      orderId: order.orderId,
      eventId: order.eventId,
      holderId: order.buyerId,
      eventTitle: 'The Tempest',
      venueName: 'Old Hall',
      city: 'Pune',
      startsAt: '2027-03-01T18:30:00.000Z',
    })
    assert.equal(
      issued.map(({ seatId, label }: Record<string, string>) => [seatId, label]),
      order.lines.map(({ seatId, label }) => [seatId, label]),
    )
    assert.is(issued[0].ticketId, derivedId(order.orderId, order.lines[0]?.seatId ?? ''))
    assert.is(issued[0].code, codeOf(ticketKey, issued[0].ticketId))
  })

  it('does not wait for an event that is not known yet; its tickets know it once it is', async () => {
    const order = anOrder({ eventTitle: 'A play, as sold' })
    await confirm(order)
    const { eventTitle, venueName, city, startsAt } = await told(order.orderId)
    assert.equal(
      { eventTitle, venueName, city, startsAt },
      { eventTitle: 'A play, as sold', venueName: '', city: '', startsAt: null },
    )
    const holder = await tickets.as(order.buyerId)
    const titleNow = async () => {
      const { items } = (await holder('GET', `/v1/tickets?orderId=${order.orderId}`)).body
      return [items[0].eventTitle, items[0].venueName, items[0].startsAt]
    }
    assert.equal(await titleNow(), ['A play, as sold', '', null])
    await tickets.deliver('dev.boxoffice.event.updated.v1', order.eventId, anEvent(order.eventId))
    assert.equal(await titleNow(), ['The Tempest', 'Old Hall', '2027-03-01T18:30:00.000Z'])
  })

  it('keeps the newest of an event, whatever comes last', async () => {
    const order = anOrder()
    await confirm(order)
    const { orderId, eventId } = order
    const title = async () =>
      (await (await tickets.as(order.buyerId))('GET', `/v1/tickets?orderId=${orderId}`)).body
        .items[0].eventTitle
    const change = (version: number, name: string) =>
      tickets.deliver(
        'dev.boxoffice.event.updated.v1',
        eventId,
        anEvent(eventId, { version, title: name }),
      )
    await change(7, 'Newest')
    await change(6, 'Older')
    await change(7, 'Same version')
    assert.is(await title(), 'Newest')
    const gone = anEvent(eventId, { version: 8, title: 'Cancelled show', status: 'CANCELLED' })
    await tickets.deliver('dev.boxoffice.event.cancelled.v1', eventId, gone)
    assert.is(await title(), 'Cancelled show')
    assert.is(await ticketsOf(tickets.deps, orderId), 'A-1 ACTIVE, A-2 ACTIVE')
  })

  it('repeated, issues nothing again but has the first news sent again, under its own id', async () => {
    const order = anOrder()
    const id = newId()
    await confirm(order, id)
    const { database } = tickets.deps
    const unsent = () =>
      look(
        database,
        `select array_agg(u.id) from outbox_unsent u join outbox o using (id)
         where o.aggregateid = $1 and u.due_at <= now()`,
        [order.orderId],
      )
    await look(
      database,
      `delete from outbox_unsent u using outbox o where o.id = u.id and o.aggregateid = $1`,
      [order.orderId],
    )
    assert.is(await unsent(), null)
    assert.is((await confirm(order, id)).status, 204)
    assert.equal(await unsent(), [
      await look(database, `select id from outbox where aggregateid = $1`, [order.orderId]),
    ])
    assert.is(await timesTold(tickets.deps, order.orderId), 1)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE, A-2 ACTIVE')
  })

  it('comes too late when the order is over already', async () => {
    for (const [what, status] of [
      ['refunded', 'REFUNDED'],
      ['cancelled', 'CANCELLED'],
      ['cancelled', 'EXPIRED'],
      ['failed', 'FAILED'],
    ] as const) {
      const order = anOrder()
      assert.is((await tell(what, later(order, status))).status, 204)
      assert.is((await confirm(order)).status, 204)
      assert.is(await ticketsOf(tickets.deps, order.orderId), '', status)
      assert.is(await timesTold(tickets.deps, order.orderId), 0)
    }
  })

  it('issues what is left when a refund of some lines came in before it', async () => {
    const order = anOrder()
    const [first] = order.lines
    await tell('refunded', later(order, 'CONFIRMED', [first?.seatId ?? '']))
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-2 ACTIVE')
    await confirm(order)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-2 ACTIVE')
    assert.is(await timesTold(tickets.deps, order.orderId), 1)
    assert.equal(
      (await told(order.orderId)).tickets.map(({ label }: { label: string }) => label),
      ['A-2'],
    )
  })

  it('issues tickets for an order that had expired and was paid after all', async () => {
    const order = anOrder({ version: 5 })
    await tell('cancelled', { ...order, version: 4, status: 'EXPIRED', reason: 'expired' })
    await confirm(order)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE, A-2 ACTIVE')
  })

  it('without a valid signature is refused for good', async () => {
    const order = anOrder()
    const answer = await tickets.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order, {
      sig: 'forged',
    })
    assert.is(answer.status, 401)
    assert.is(answer.body.code, 'unsigned-event')
    assert.is(await ticketsOf(tickets.deps, order.orderId), '')
  })
})

describe('an order that changes', (it) => {
  let tickets: Tickets
  it.before(async () => (tickets = await openTickets()))
  it.after(() => tickets.close())

  const tell = (what: string, order: Order) =>
    tickets.deliver(`dev.boxoffice.order.${what}.v1`, order.orderId, order)

  it('loses the tickets of the lines that were refunded, then all', async () => {
    const order = anOrder()
    await tell('confirmed', order)
    const some = later(order, 'CONFIRMED', [order.lines[1]?.seatId ?? ''])
    await tell('refunded', some)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE, A-2 CANCELLED')
    await tell('refunded', { ...later(some, 'REFUNDED'), lines: some.lines })
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 CANCELLED, A-2 CANCELLED')
    await tell('refunded', some)
    await tell('confirmed', order)
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 CANCELLED, A-2 CANCELLED')
  })

  it('loses all tickets when it fails, is cancelled, or is being refunded', async () => {
    for (const [what, status] of [
      ['failed', 'FAILED'],
      ['cancelled', 'CANCELLED'],
      ['refunded', 'REFUNDING'],
    ] as const) {
      const order = anOrder()
      await tell('confirmed', order)
      await tell(what, later(order, status))
      assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 CANCELLED, A-2 CANCELLED')
    }
  })

  it('leaves imported tickets as they are: they are history', async () => {
    const order = anOrder()
    await look(
      tickets.deps.database,
      `insert into tickets (id, order_id, event_id, seat_id, holder_id, label, is_imported, external_id)
       values ($1, $2, $3, $4, $5, 'A-1', true, 17)`,
      [newId(), order.orderId, order.eventId, order.lines[0]?.seatId, order.buyerId],
    )
    await tell('refunded', later(order, 'REFUNDED'))
    assert.is(await ticketsOf(tickets.deps, order.orderId), 'A-1 ACTIVE')
  })

  it('frees its seat for the ticket of the next order', async () => {
    const seatId = newId()
    const [first, second] = [anOrder({}, [seatId]), anOrder({}, [seatId])]
    await tell('confirmed', first)
    await tell('refunded', later(first, 'REFUNDED'))
    await tell('confirmed', second)
    assert.is(await ticketsOf(tickets.deps, first.orderId), 'A-1 CANCELLED')
    assert.is(await ticketsOf(tickets.deps, second.orderId), 'A-1 ACTIVE')
  })

  it('gets no second live ticket for a seat: it is refused, tried again, and passes once the first ended', async () => {
    const seatId = newId()
    const [first, second] = [anOrder({}, [seatId]), anOrder({}, [seatId])]
    await tell('confirmed', first)
    const refused = await tell('confirmed', second)
    assert.is(refused.status, 503)
    assert.is(refused.body.code, 'busy')
    assert.is(await ticketsOf(tickets.deps, second.orderId), '')
    assert.is(await timesTold(tickets.deps, second.orderId), 0)
    const metrics = (await tickets.ask('GET', '/metrics')).text
    assert.match(metrics, /tickets_refused_total\{reason="seat-given",function="tickets"\} 1/)
    await tell('refunded', later(first, 'REFUNDED'))
    assert.is((await tell('confirmed', second)).status, 204)
    assert.is(await ticketsOf(tickets.deps, second.orderId), 'A-1 ACTIVE')
  })
})
