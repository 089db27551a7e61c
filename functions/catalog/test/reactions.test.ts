import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { addEvent, addVenue, openCatalog, setEvent, toldOf, type Catalog } from './support.ts'

describe('what seating tells', (it) => {
  let catalog: Catalog
  let venueId: string
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  const tell = async (what: string, eventId: string, version: number, unsold: number) => {
    const data = { eventId, version, total: 25, unsold }
    const { status, text } = await catalog.deliver(`dev.boxoffice.seats.${what}.v1`, eventId, data)
    assert.equal([status, text], [204, ''])
  }
  const read = async (id: string) => (await catalog.ask('GET', `/v1/events/${id}`)).body

  it('becomes the number of seats, and the event gets a new version', async () => {
    const event = await addEvent(catalog.organizer, venueId)
    await tell('generated', event.id, 1, 25)
    assert.equal(await read(event.id), { ...event, seatsGenerated: 25, version: 3 })
  })

  it('sells an event out and opens it again, and tells nobody', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    await tell('soldout', id, 2, 0)
    assert.is((await read(id)).status, 'SOLD_OUT')
    await tell('available', id, 3, 1)
    const { status, version } = await read(id)
    assert.equal([status, version], ['ON_SALE', 4])
    assert.is((await toldOf(catalog, id)).length, 1)
  })

  it('takes effect once, and never after something newer', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    await tell('soldout', id, 4, 0)
    await tell('soldout', id, 4, 0)
    await tell('available', id, 3, 2)
    await tell('generated', id, 1, 25)
    const { status, seatsGenerated, version } = await read(id)
    assert.equal([status, seatsGenerated, version], ['SOLD_OUT', 25, 3])
  })

  it('ends what an import said of the status, with the first sale', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    await setEvent(catalog, id, `status = 'SOLD_OUT', is_status_pinned = true`)
    await tell('generated', id, 1, 25)
    assert.is((await read(id)).status, 'SOLD_OUT')
    await tell('available', id, 2, 24)
    assert.is((await read(id)).status, 'ON_SALE')
    await setEvent(catalog, id, `starts_at = now() - interval '2 h', ends_at = now()`)
    assert.is((await read(id)).status, 'COMPLETED')
  })

  it('leaves a cancelled event cancelled', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    await catalog.organizer('POST', `/v1/events/${id}/cancel`)
    await tell('available', id, 2, 25)
    assert.is((await read(id)).status, 'CANCELLED')
  })

  it('is taken of events that catalog does not know, and only where it is signed', async () => {
    await tell('soldout', newId(), 1, 0)
    const eventId = newId()
    const data = { eventId, version: 1, total: 1, unsold: 0 }
    const sold = 'dev.boxoffice.seats.soldout.v1'
    const forged = await catalog.deliver(sold, eventId, data, { sig: 'x' })
    assert.equal([forged.status, forged.body.code], [401, 'unsigned-event'])
    const malformed = await catalog.deliver(sold, eventId, { ...data, version: 0 })
    assert.equal([malformed.status, malformed.body.code], [400, 'invalid-event'])
    const foreign = await catalog.deliver('dev.boxoffice.order.confirmed.v1', eventId, {})
    assert.equal([foreign.status, foreign.body.code], [400, 'invalid-event'])
  })

  it('is beside the clock, which makes it sweep', async () => {
    const { status } = await catalog.deliver('dev.knative.sources.ping', 'clock', { at: 'now' })
    assert.equal([status, catalog.swept], [204, ['swept']])
  })
})
