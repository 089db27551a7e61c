import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import {
  addDraft,
  addEvent,
  addVenue,
  draftAt,
  inDays,
  openCatalog,
  setEvent,
  toldOf,
  type Catalog,
} from './support.ts'

describe('drafts', (it) => {
  let catalog: Catalog
  let venueId: string
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  it('are made at a venue, with times in UTC, and nobody is told of them', async () => {
    const given = draftAt(venueId, {
      startsAt: '2031-02-03T20:00:00+05:30',
      endsAt: '2031-02-03T23:00:00.5+05:30',
      description: undefined,
    })
    const { status, body, headers } = await catalog.organizer('POST', '/v1/events', given)
    assert.is(status, 201)
    assert.is(headers.get('etag'), '"1"')
    const { id, createdAt, ...rest } = body
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
    assert.equal(rest, {
      title: 'An evening of ragas',
      type: 'Concert',
      description: '',
      venueId,
      venueName: 'Rang Mandir',
      city: 'Pune',
      organizerId: catalog.organizerId,
      status: 'DRAFT',
      startsAt: '2031-02-03T14:30:00.000Z',
      endsAt: '2031-02-03T17:30:00.500Z',
      onSaleAt: null,
      currency: 'INR',
      prices: { Gold: 150_000, Silver: 50_000 },
      seatsPerBuyerMax: null,
      seatsGenerated: null,
      externalId: null,
      version: 1,
    })
    assert.equal(await toldOf(catalog, id), [])
  })

  it('are refused at a venue that does not exist', async () => {
    const { status, body } = await catalog.organizer('POST', '/v1/events', draftAt(newId()))
    assert.equal([status, body.code], [400, 'invalid-request'])
    assert.equal(body.errors, [{ pointer: '#/venueId', detail: 'there is no such venue' }])
  })

  it('are refused with every error at once, and with times that nobody can keep', async () => {
    const pointers = async (change: Record<string, unknown>) => {
      const { status, body } = await catalog.organizer(
        'POST',
        '/v1/events',
        draftAt(venueId, change),
      )
      assert.equal([status, body.code], [400, 'invalid-request'])
      return body.errors.map(({ pointer }: { pointer: string }) => pointer)
    }
    assert.equal(await pointers({ title: ' ', currency: 'inr', prices: { Gold: -1 }, seats: 3 }), [
      '#/title',
      '#/currency',
      '#/prices/Gold',
      '#',
    ])
    assert.equal(await pointers({ endsAt: inDays(29) }), ['#/endsAt'])
    assert.equal(await pointers({ startsAt: '2026-02-30T20:00:00Z' }), ['#/startsAt'])
    assert.equal(
      await pointers({
        startsAt: '0000-01-01T00:00:00+05:30',
        endsAt: '9999-12-31T23:00:00-05:00',
      }),
      ['#/startsAt', '#/endsAt'],
    )
    const nul = await catalog.organizer('POST', '/v1/events', draftAt(venueId, { title: 'a\0b' }))
    assert.equal([nul.status, nul.body.code], [400, 'invalid-request'])
  })

  it('are known to their organizer and to admins only', async () => {
    const { id } = await addDraft(catalog.organizer, venueId)
    const path = `/v1/events/${id}`
    for (const ask of [catalog.ask, catalog.customer, catalog.other]) {
      const hidden = await ask('GET', path)
      assert.equal([hidden.status, hidden.body.code], [404, 'not-found'])
    }
    for (const ask of [catalog.organizer, catalog.admin])
      assert.is((await ask('GET', path)).body.status, 'DRAFT')
    for (const [method, at, body] of [
      ['PATCH', path, { title: 'Theirs' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/publish`, undefined],
      ['POST', `${path}/cancel`, undefined],
    ] as const) {
      const refused = await catalog.other(method, at, body)
      assert.equal([refused.status, refused.body.code], [404, 'not-found'], `${method} ${at}`)
    }
  })

  it('may change in everything, and keep what a change does not name', async () => {
    const elsewhere = await addVenue(catalog.organizer, { name: 'Nehru Centre', city: 'Mumbai' })
    const draft = await addDraft(catalog.organizer, venueId, { onSaleAt: inDays(1) })
    const change = {
      venueId: elsewhere.id,
      currency: 'EUR',
      prices: { Gold: 9000 },
      onSaleAt: null,
      type: 'Recital',
    }
    const { status, body, headers } = await catalog.organizer(
      'PATCH',
      `/v1/events/${draft.id}`,
      change,
    )
    assert.is(status, 200)
    assert.is(headers.get('etag'), '"2"')
    assert.equal(body, {
      ...draft,
      ...change,
      venueName: 'Nehru Centre',
      city: 'Mumbai',
      version: 2,
    })
    const found = await catalog.organizer('GET', '/v1/events?mine=true&q=nehru%20recital')
    assert.is(found.body.total, 1)
    const nowhere = await catalog.organizer('PATCH', `/v1/events/${draft.id}`, { venueId: newId() })
    assert.equal([nowhere.status, nowhere.body.errors[0].pointer], [400, '#/venueId'])
    assert.equal(await toldOf(catalog, draft.id), [])
  })

  it('cannot be moved to end before they start, by either of the two', async () => {
    const { id } = await addDraft(catalog.organizer, venueId)
    for (const change of [{ endsAt: inDays(29) }, { startsAt: inDays(31) }]) {
      const { status, body } = await catalog.organizer('PATCH', `/v1/events/${id}`, change)
      assert.equal([status, body.code], [400, 'invalid-request'])
      assert.is(body.errors[0].pointer, '#/endsAt')
    }
    const moved = await catalog.organizer('PATCH', `/v1/events/${id}`, {
      startsAt: inDays(31),
      endsAt: inDays(32),
    })
    assert.is(moved.status, 200)
  })

  it('are deleted by their organizer; what is published is not', async () => {
    const { id } = await addDraft(catalog.organizer, venueId)
    assert.is((await catalog.organizer('DELETE', `/v1/events/${id}`)).status, 204)
    assert.is((await catalog.organizer('GET', `/v1/events/${id}`)).status, 404)
    assert.is((await catalog.organizer('DELETE', `/v1/events/${id}`)).body.code, 'not-found')
    const event = await addEvent(catalog.organizer, venueId)
    const kept = await catalog.organizer('DELETE', `/v1/events/${event.id}`)
    assert.equal([kept.status, kept.body.code], [409, 'event-fixed'])
  })
})

describe('events', (it) => {
  let catalog: Catalog
  let venueId: string
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  it('are changed by their organizer or an admin only', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const path = `/v1/events/${id}`
    for (const [method, at, body] of [
      ['PATCH', path, { title: 'Theirs' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/publish`, undefined],
      ['POST', `${path}/cancel`, undefined],
    ] as const) {
      const other = await catalog.other(method, at, body)
      assert.equal([other.status, other.body.code], [403, 'forbidden'], `${method} ${at}`)
      const customer = await catalog.customer(method, at, body)
      assert.equal([customer.status, customer.body.code], [403, 'forbidden'], `${method} ${at}`)
      const nobody = await catalog.ask(method, at, body)
      assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'], `${method} ${at}`)
    }
    assert.is((await catalog.admin('PATCH', path, { title: 'Ours' })).body.title, 'Ours')
    assert.is((await catalog.customer('POST', '/v1/events', {})).body.code, 'forbidden')
    assert.is((await catalog.ask('POST', '/v1/events', {})).body.code, 'not-signed-in')
    await setEvent(catalog, id, 'organizer_id = null')
    assert.is((await catalog.organizer('PATCH', path, { title: 'x' })).body.code, 'forbidden')
  })

  it('answer not-found where there is none', async () => {
    const path = `/v1/events/${newId()}`
    for (const [method, at, body] of [
      ['GET', path, undefined],
      ['PATCH', path, { title: 'x' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/publish`, undefined],
      ['POST', `${path}/cancel`, undefined],
    ] as const) {
      const { status, body: problem } = await catalog.admin(method, at, body)
      assert.equal([status, problem.code], [404, 'not-found'], `${method} ${at}`)
    }
    assert.is((await catalog.ask('GET', '/v1/events/1')).body.code, 'invalid-request')
  })

  it('change in what people read and in their times, and tell of it', async () => {
    const event = await addEvent(catalog.organizer, venueId)
    const change = {
      title: 'A night of ragas',
      type: 'Recital',
      description: 'Later than planned',
      startsAt: inDays(40),
      endsAt: inDays(41),
      onSaleAt: inDays(10),
      seatsPerBuyerMax: 4,
    }
    const { status, body } = await catalog.organizer('PATCH', `/v1/events/${event.id}`, change)
    assert.is(status, 200)
    assert.equal(body, { ...event, ...change, status: 'SCHEDULED', version: 3 })
    const told = await toldOf(catalog, event.id)
    assert.equal(
      told.map(({ type }: { type: string }) => type),
      ['created', 'updated'],
    )
    assert.equal(told[1].data, {
      eventId: event.id,
      version: 3,
      status: 'SCHEDULED',
      title: 'A night of ragas',
      type: 'Recital',
      venueId,
      venueName: 'Rang Mandir',
      city: 'Pune',
      organizerId: catalog.organizerId,
      startsAt: change.startsAt,
      endsAt: change.endsAt,
      onSaleAt: change.onSaleAt,
      currency: 'INR',
      layoutVersion: 1,
      seatsPerBuyerMax: 4,
    })
    const opened = await catalog.organizer('PATCH', `/v1/events/${event.id}`, { onSaleAt: null })
    assert.is(opened.body.status, 'ON_SALE')
  })

  it('keep venue, currency and prices once they are published, and all once they are cancelled', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const change = { title: 'x', venueId, currency: 'EUR', prices: { Gold: 1 } }
    const fixed = await catalog.organizer('PATCH', `/v1/events/${id}`, change)
    assert.equal([fixed.status, fixed.body.code], [409, 'event-fixed'])
    assert.equal(fixed.body.fields, ['venueId', 'currency', 'prices'])
    for (const field of ['venueId', 'currency', 'prices'] as const) {
      const one = await catalog.organizer('PATCH', `/v1/events/${id}`, { [field]: change[field] })
      assert.equal(one.body.fields, [field])
    }
    await catalog.organizer('POST', `/v1/events/${id}/cancel`)
    const over = await catalog.organizer('PATCH', `/v1/events/${id}`, { title: 'x' })
    assert.equal([over.status, over.body.code], [409, 'event-fixed'])
  })

  it('refuse a stale If-Match with the version that they have, and change nothing', async () => {
    const event = await addEvent(catalog.organizer, venueId)
    const path = `/v1/events/${event.id}`
    const patch = (title: string, ifMatch: string) =>
      catalog.organizer('PATCH', path, { title }, { 'if-match': ifMatch })
    const read = await catalog.ask('GET', path)
    assert.is(read.headers.get('etag'), '"2"')
    assert.is((await patch('First', '"2"')).headers.get('etag'), '"3"')
    const stale = await patch('Second', '"2"')
    assert.equal([stale.status, stale.body.code, stale.body.version], [412, 'version-stale', 3])
    assert.is((await catalog.ask('GET', path)).body.title, 'First')
    assert.is((await patch('Second', 'W/"3"')).status, 200)
    assert.is((await patch('Third', '4')).status, 200)
    assert.is((await patch('Fourth', '')).status, 412)
  })
})
