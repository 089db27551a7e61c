import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import {
  addDraft,
  addEvent,
  addVenue,
  hall,
  inDays,
  openCatalog,
  setEvent,
  toldOf,
  type Catalog,
} from './support.ts'

describe('announcing events', (it) => {
  let catalog: Catalog
  let venueId: string
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  const publish = (id: string) => catalog.organizer('POST', `/v1/events/${id}/publish`)
  const cancel = (id: string) => catalog.organizer('POST', `/v1/events/${id}/cancel`)
  const statusOf = async (id: string) =>
    (await catalog.organizer('GET', `/v1/events/${id}`)).body.status
  const typesTold = async (id: string) =>
    (await toldOf(catalog, id)).map(({ type }: { type: string }) => type)

  it('opens the sale at once, or at onSaleAt, and tells of the event', async () => {
    const now = await addDraft(catalog.organizer, venueId)
    const published = await publish(now.id)
    assert.is(published.status, 200)
    assert.is(published.headers.get('etag'), '"2"')
    assert.equal(published.body, { ...now, status: 'ON_SALE', version: 2 })
    const [told, ...more] = await toldOf(catalog, now.id)
    assert.is(more.length, 0)
    assert.is(told.type, 'created')
    assert.equal(told.data, {
      eventId: now.id,
      version: 2,
      status: 'ON_SALE',
      title: now.title,
      type: now.type,
      venueId,
      venueName: 'Rang Mandir',
      city: 'Pune',
      organizerId: catalog.organizerId,
      startsAt: now.startsAt,
      endsAt: now.endsAt,
      onSaleAt: null,
      currency: 'INR',
      layoutVersion: 1,
      seatsPerBuyerMax: null,
    })
    const later = await addDraft(catalog.organizer, venueId, { onSaleAt: inDays(1) })
    assert.is((await publish(later.id)).body.status, 'SCHEDULED')
    const before = await addDraft(catalog.organizer, venueId, { onSaleAt: inDays(-1) })
    assert.is((await publish(before.id)).body.status, 'ON_SALE')
  })

  it('happens once', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const again = await publish(id)
    assert.equal([again.status, again.body.code], [409, 'event-fixed'])
    assert.equal(await typesTold(id), ['created'])
  })

  it('needs a start that is ahead and a price for every zone, and names all that is missing', async () => {
    const sections = [
      ...hall.sections,
      { name: 'Box', priceZone: 'constructor', standing: { capacity: 2 } },
    ]
    const venue = await addVenue(catalog.organizer, { layout: { sections } })
    const { id } = await addDraft(catalog.organizer, venue.id, {
      prices: { Silver: 1 },
      startsAt: inDays(-1),
    })
    const refused = await publish(id)
    assert.equal([refused.status, refused.body.code], [400, 'invalid-request'])
    assert.equal(refused.body.errors, [
      { pointer: '#/startsAt', detail: 'must be in the future' },
      { pointer: '#/prices/Gold', detail: 'the zone has no price' },
      { pointer: '#/prices/constructor', detail: 'the zone has no price' },
    ])
    const patch = (change: Record<string, unknown>) =>
      catalog.organizer('PATCH', `/v1/events/${id}`, change)
    await patch({ startsAt: inDays(1) })
    assert.is((await publish(id)).body.errors.length, 2)
    await patch({ prices: { Gold: 3, Silver: 0, constructor: 2, Unused: 9 } })
    await setEvent(catalog, id, 'starts_at = now()')
    assert.is((await publish(id)).body.errors.length, 1)
    await patch({ startsAt: inDays(1) })
    assert.is((await publish(id)).status, 200)
  })

  it('needs a venue with seats', async () => {
    const empty = await addVenue(catalog.organizer, { layout: { sections: [] } })
    const { id } = await addDraft(catalog.organizer, empty.id)
    const { status, body } = await publish(id)
    assert.equal([status, body.code], [400, 'invalid-request'])
    assert.equal(body.errors, [{ pointer: '#/venueId', detail: 'the venue has no seats yet' }])
  })

  it('freezes the layout, which seating alone may fetch', async () => {
    const venue = await addVenue(catalog.organizer)
    const { id } = await addEvent(catalog.organizer, venue.id)
    const layout = { sections: hall.sections.slice(1) }
    await catalog.organizer('PATCH', `/v1/venues/${venue.id}`, { layout })
    const later = await addEvent(catalog.organizer, venue.id)
    const seating = await catalog.asFunction('seating')
    const frozen = await seating('GET', `/v1/events/${id}/layout`)
    assert.is(frozen.status, 200)
    const prices = { Gold: 150_000, Silver: 50_000 }
    assert.equal(frozen.body, { eventId: id, layout: hall, layoutVersion: 1, prices })
    const own = await seating('GET', `/v1/events/${later.id}/layout`)
    assert.equal([own.body.layout, own.body.layoutVersion], [layout, 2])

    const draft = await addDraft(catalog.organizer, venue.id)
    for (const none of [draft.id, newId()]) {
      const missing = await seating('GET', `/v1/events/${none}/layout`)
      assert.equal([missing.status, missing.body.code], [404, 'not-found'])
    }
    for (const ask of [catalog.organizer, catalog.admin, await catalog.asFunction('orders')]) {
      const refused = await ask('GET', `/v1/events/${id}/layout`)
      assert.equal([refused.status, refused.body.code], [403, 'forbidden'])
    }
    const nobody = await catalog.ask('GET', `/v1/events/${id}/layout`)
    assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'])
  })

  it('is taken back by cancelling, once, however often it is asked for', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const first = await cancel(id)
    assert.equal(
      [first.status, first.body.status, first.headers.get('etag')],
      [200, 'CANCELLED', '"3"'],
    )
    const second = await cancel(id)
    assert.is(second.status, 200)
    assert.equal(second.body, first.body)
    assert.equal(await typesTold(id), ['created', 'cancelled'])
    assert.is((await toldOf(catalog, id))[1].data.status, 'CANCELLED')
    assert.is((await publish(id)).body.code, 'event-fixed')
  })

  it('cannot be taken back for a draft or for an event that is over', async () => {
    const draft = await addDraft(catalog.organizer, venueId)
    const over = await addEvent(catalog.organizer, venueId)
    await setEvent(catalog, over.id, `starts_at = now() - interval '2 h', ends_at = now()`)
    for (const id of [draft.id, over.id]) {
      const { status, body } = await cancel(id)
      assert.equal([status, body.code], [409, 'event-fixed'])
    }
    assert.is(await statusOf(over.id), 'COMPLETED')
  })

  it('shows a status that follows the clock of the database', async () => {
    const { id } = await addEvent(catalog.organizer, venueId, { onSaleAt: inDays(1) })
    assert.is(await statusOf(id), 'SCHEDULED')
    await setEvent(catalog, id, 'on_sale_at = now()')
    assert.is(await statusOf(id), 'ON_SALE')
    await setEvent(catalog, id, 'is_sold_out = true')
    assert.is(await statusOf(id), 'SOLD_OUT')
    await setEvent(catalog, id, `starts_at = now() - interval '2 h', ends_at = now()`)
    assert.is(await statusOf(id), 'COMPLETED')
    const ofStatus = async (status: string) => {
      const { body } = await catalog.ask('GET', `/v1/events?status=${status}&size=100`)
      return body.items.some((event: { id: string }) => event.id === id)
    }
    assert.equal([await ofStatus('COMPLETED'), await ofStatus('SOLD_OUT')], [true, false])
    await setEvent(catalog, id, `status = 'CANCELLED'`)
    assert.is(await statusOf(id), 'CANCELLED')
  })

  it('leaves an imported status as it is, until its organizer says when the sale opens', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const past = `starts_at = now() - interval '2 h', ends_at = now()`
    await setEvent(catalog, id, `status = 'SOLD_OUT', is_status_pinned = true, ${past}`)
    assert.is(await statusOf(id), 'SOLD_OUT')
    const dates = { startsAt: inDays(3), endsAt: inDays(4) }
    const moved = await catalog.organizer('PATCH', `/v1/events/${id}`, dates)
    assert.is(moved.body.status, 'SOLD_OUT')
    const opened = await catalog.organizer('PATCH', `/v1/events/${id}`, { onSaleAt: inDays(1) })
    assert.is(opened.body.status, 'SCHEDULED')
    await setEvent(catalog, id, 'on_sale_at = now()')
    assert.is(await statusOf(id), 'ON_SALE')
  })
})
