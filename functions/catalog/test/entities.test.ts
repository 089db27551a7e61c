import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { Event } from '../event.ts'
import { snapshotOf } from '../snapshots.ts'
import { findEvent } from '../store/events.ts'
import { Venue } from '../venue.ts'
import { addDraft, addVenue, hall, look, openCatalog, type Catalog } from './support.ts'

describe('entities', (it) => {
  let catalog: Catalog
  it.before(async () => (catalog = await openCatalog()))
  it.after(() => catalog.close())

  it('write rows that the routes answer, with what an import keeps', async () => {
    const { database } = catalog.deps
    const em = await database.em()
    const venue = em.create(Venue, {
      id: newId(),
      name: 'Venue 1',
      city: 'Pune',
      capacity: 392,
      layout: hall,
      externalId: '1',
      imported: { row: { venue_id: '1' }, flags: [], version: 1 },
    })
    const event = em.create(Event, {
      id: newId(),
      title: 'Workshop #200',
      type: 'Concert',
      venueId: venue.id,
      venueName: venue.name,
      city: venue.city,
      status: 'SOLD_OUT',
      isStatusPinned: true,
      startsAt: new Date('2025-06-07T20:35:51Z'),
      endsAt: new Date('2025-06-07T23:35:51Z'),
      currency: 'INR',
      prices: {},
      layoutVersion: 1,
      externalId: '1',
      imported: { row: { event_id: '1' }, flags: [], version: 1 },
      shiftSeconds: 86_400,
    })
    await em.flush()

    const { body } = await catalog.ask('GET', '/v1/events?q=workshop%20venue&status=SOLD_OUT')
    assert.equal([body.total, body.items[0].externalId], [1, '1'])
    const [kept] = await (await database.em()).find(Event, { id: event.id })
    assert.equal([kept?.shiftSeconds, kept?.imported?.row], [86_400, { event_id: '1' }])
    assert.is((await catalog.ask('GET', `/v1/venues/${venue.id}`)).body.capacity, 392)
    const row = await findEvent(database, event.id)
    assert.is(row && snapshotOf(row).status, 'SOLD_OUT')
  })

  it('are refused by the database where an external number comes twice, or a status cannot be', async () => {
    const { database } = catalog.deps
    const venue = await addVenue(catalog.organizer)
    const [a, b] = [
      await addDraft(catalog.organizer, venue.id),
      await addDraft(catalog.organizer, venue.id),
    ]
    const refused = async (constraint: string, columns: string, id: string) => {
      const err = await look(database, `update events set ${columns} where id = $1`, [id]).catch(
        (thrown: unknown) => thrown,
      )
      assert.is((err as { constraint?: string }).constraint, constraint)
    }
    await look(database, `update events set external_id = 'x' where id = $1`, [a.id])
    await refused('events_external', `external_id = 'x'`, b.id)
    await refused('events_status', `status = 'SOLD_OUT', layout_version = 1`, b.id)
    await refused('events_layout', `status = 'ON_SALE'`, b.id)
    await refused('events_times', 'ends_at = starts_at', b.id)
    const told = await findEvent(database, b.id)
    assert.throws(() => told && snapshotOf(told), /was not published/)
  })
})
