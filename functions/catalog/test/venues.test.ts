import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { addDraft, addEvent, addVenue, hall, look, openCatalog, toldOf } from './support.ts'
import type { Catalog } from './support.ts'

describe('venues', (it) => {
  let catalog: Catalog
  it.before(async () => (catalog = await openCatalog()))
  it.after(() => catalog.close())

  it('are added by an organizer with their layout, and count its places', async () => {
    const venue = { name: ' Rang Mandir ', city: 'Pune', layout: hall }
    const { status, body, headers } = await catalog.organizer('POST', '/v1/venues', venue)
    assert.is(status, 201)
    assert.is(headers.get('etag'), '"1"')
    const { id, createdAt, ...rest } = body
    assert.equal(rest, {
      name: 'Rang Mandir',
      city: 'Pune',
      capacity: 25,
      layout: hall,
      layoutVersion: 1,
      organizerId: catalog.organizerId,
      version: 1,
    })
    const read = await catalog.ask('GET', `/v1/venues/${id}`)
    assert.is(read.headers.get('etag'), '"1"')
    assert.equal(read.body, { id, createdAt, ...rest })
  })

  it('are refused without a layout that holds, with every error at once', async () => {
    const layout = {
      sections: [
        { name: 'A', priceZone: 'X', rows: [{ name: '1', ranges: [[5, 2]] }] },
        { name: 'A', priceZone: 'X', standing: { capacity: 1 } },
        { name: 'B', priceZone: 'X' },
      ],
    }
    const { status, body } = await catalog.organizer('POST', '/v1/venues', {
      name: 'x',
      city: '',
      layout,
      rating: 5,
    })
    assert.is(status, 400)
    assert.is(body.code, 'invalid-request')
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer)
    for (const pointer of ['#', '#/city', '#/layout/sections/2'])
      assert.ok(pointers.includes(pointer), `${pointer} of ${pointers}`)
  })

  it('may have a layout of 1 MiB and no more', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({
      name: `Row ${i}`,
      ranges: Array.from({ length: 20 }, (__, n) => [n * 2 + 1, n * 2 + 1]),
    }))
    const sections = Array.from({ length: 10 }, (_, i) => ({
      name: `S${i}`,
      priceZone: 'X',
      rows,
    }))
    const large = await addVenue(catalog.organizer, { layout: { sections } })
    assert.is(large.capacity, 10 * 200 * 20)
    const padding = ' '.repeat(1024 * 1024)
    const tooLarge = await catalog.organizer('POST', '/v1/venues', `{${padding}}`)
    assert.is(tooLarge.status, 413)
    assert.is(tooLarge.body.code, 'body-too-large')
  })

  it('are read by anybody and written by organizers and admins only', async () => {
    const venue = { name: 'x', city: 'y', layout: hall }
    const { id } = await addVenue(catalog.organizer)
    for (const [method, path, body] of [
      ['POST', '/v1/venues', venue],
      ['PATCH', `/v1/venues/${id}`, { name: 'z' }],
      ['DELETE', `/v1/venues/${id}`, undefined],
    ] as const) {
      const nobody = await catalog.ask(method, path, body)
      assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'], method)
      const customer = await catalog.customer(method, path, body)
      assert.equal([customer.status, customer.body.code], [403, 'forbidden'], method)
    }
    assert.is((await catalog.ask('GET', `/v1/venues/${id}`)).status, 200)
  })

  it('are changed and deleted by their organizer or an admin only', async () => {
    const { id } = await addVenue(catalog.organizer)
    for (const [method, body] of [
      ['PATCH', { name: 'Theirs' }],
      ['DELETE', undefined],
    ] as const) {
      const refused = await catalog.other(method, `/v1/venues/${id}`, body)
      assert.equal([refused.status, refused.body.code], [403, 'forbidden'], method)
    }
    assert.is((await catalog.admin('PATCH', `/v1/venues/${id}`, { name: 'Ours' })).status, 200)
    assert.is((await catalog.admin('DELETE', `/v1/venues/${id}`)).status, 204)
    const imported = await addVenue(catalog.organizer)
    await look(catalog.deps.database, `update venues set organizer_id = null where id = $1`, [
      imported.id,
    ])
    const nobodys = await catalog.organizer('PATCH', `/v1/venues/${imported.id}`, { name: 'Mine' })
    assert.is(nobodys.body.code, 'forbidden')
  })

  it('answer not-found where there is none', async () => {
    const path = `/v1/venues/${newId()}`
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { name: 'x' }],
      ['DELETE', undefined],
    ] as const) {
      const { status, body: problem } = await catalog.organizer(method, path, body)
      assert.equal([status, problem.code], [404, 'not-found'], method)
    }
    const malformed = await catalog.ask('GET', '/v1/venues/1')
    assert.equal([malformed.status, malformed.body.code], [400, 'invalid-request'])
  })

  it('keep what a change does not name, and give a new layout a new version', async () => {
    const { id } = await addVenue(catalog.organizer, { name: 'Old name' })
    const renamed = await catalog.organizer('PATCH', `/v1/venues/${id}`, { name: 'New name' })
    assert.is(renamed.headers.get('etag'), '"2"')
    assert.equal([renamed.body.city, renamed.body.layoutVersion], ['Pune', 1])
    const layout = { sections: hall.sections.slice(1) }
    const { body } = await catalog.organizer('PATCH', `/v1/venues/${id}`, { layout })
    assert.equal(
      [body.name, body.capacity, body.layout, body.layoutVersion, body.version],
      ['New name', 5, layout, 2, 3],
    )
    const nothing = await catalog.organizer('PATCH', `/v1/venues/${id}`, {})
    assert.equal([nothing.status, nothing.body.code], [400, 'invalid-request'])
  })

  it('take If-Match quoted, weak or bare, and refuse a stale one with the version they have', async () => {
    const { id } = await addVenue(catalog.organizer)
    const patch = (ifMatch: string) =>
      catalog.organizer('PATCH', `/v1/venues/${id}`, { city: 'Goa' }, { 'if-match': ifMatch })
    let version = 1
    for (const form of [
      () => `"${version}"`,
      () => `W/"${version}"`,
      () => `${version}`,
      () => '*',
      () => `"99", "${version}"`,
    ]) {
      assert.is((await patch(form())).status, 200, form())
      version += 1
    }
    for (const stale of [`"${version - 1}"`, `${version - 1}`, '"nonsense"', '"6', '99999999999']) {
      const refused = await patch(stale)
      assert.equal([refused.status, refused.body.code], [412, 'version-stale'], stale)
      assert.is(refused.body.version, version)
    }
  })

  it('stay as long as they have events, drafts too', async () => {
    const { id } = await addVenue(catalog.organizer)
    const draft = await addDraft(catalog.organizer, id)
    const used = await catalog.organizer('DELETE', `/v1/venues/${id}`)
    assert.equal([used.status, used.body.code], [409, 'venue-in-use'])
    assert.is((await catalog.organizer('DELETE', `/v1/events/${draft.id}`)).status, 204)
    assert.is((await catalog.organizer('DELETE', `/v1/venues/${id}`)).status, 204)
    assert.is((await catalog.ask('GET', `/v1/venues/${id}`)).status, 404)
  })

  it('carry a new name and city to their events, and tell of those that are still to come', async () => {
    const { id } = await addVenue(catalog.organizer, { name: 'Bal Gandharva', city: 'Pune' })
    const draft = await addDraft(catalog.organizer, id)
    const event = await addEvent(catalog.organizer, id)
    const cancelled = await addEvent(catalog.organizer, id)
    await catalog.organizer('POST', `/v1/events/${cancelled.id}/cancel`)
    await catalog.organizer('PATCH', `/v1/venues/${id}`, { name: 'Tilak Smarak', city: 'Nashik' })

    const { body } = await catalog.ask('GET', `/v1/events/${event.id}`)
    assert.equal([body.venueName, body.city, body.version], ['Tilak Smarak', 'Nashik', 3])
    const found = async (query: string) =>
      (await catalog.organizer('GET', `/v1/events?mine=true&${query}`)).body.total
    assert.equal(
      [await found('q=tilak%20nashik'), await found('city=nashik'), await found('q=bal+gandharva')],
      [3, 3, 0],
    )
    const told = await toldOf(catalog, event.id)
    assert.is(told.length, 2)
    assert.is(told[1].type, 'updated')
    assert.equal([told[1].data.venueName, told[1].data.version], ['Tilak Smarak', 3])
    assert.is((await toldOf(catalog, cancelled.id)).length, 2)
    assert.is((await toldOf(catalog, draft.id)).length, 0)

    await catalog.organizer('PATCH', `/v1/venues/${id}`, { layout: hall })
    assert.is((await toldOf(catalog, event.id)).length, 2)
  })

  it('are listed by name without their layouts, by city and by words', async () => {
    for (const [name, city] of [
      ['zeta Hall', 'Thane'],
      ['Alpha Hall', 'Thane'],
      ['éclair House', 'THANE'],
      ['100% Club', 'Thane'],
    ])
      await addVenue(catalog.organizer, { name, city })
    const names = async (query: string) => {
      const { body } = await catalog.ask('GET', `/v1/venues?${query}`)
      assert.is(body.total, body.items.length)
      return body.items.map((venue: { name: string }) => venue.name)
    }
    assert.equal(await names('city=thane'), [
      '100% Club',
      'Alpha Hall',
      'zeta Hall',
      'éclair House',
    ])
    assert.equal(await names('q=HALL%20thane'), ['Alpha Hall', 'zeta Hall'])
    assert.equal(await names('q=%25&city=Thane'), ['100% Club'])
    assert.equal(await names('q=%C3%89CLAIR'), ['éclair House'])
    const { body } = await catalog.ask('GET', '/v1/venues?city=Thane&size=3&page=2')
    assert.equal([body.items.length, body.page, body.size, body.total], [1, 2, 3, 4])
    assert.is(body.items[0].layout, undefined)
  })
})
