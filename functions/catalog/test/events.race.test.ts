import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { statement } from '../../_runtime/database.ts'
import { describe } from '../../_runtime/test.ts'
import { insertEvent, type EventDraft } from '../store/events.ts'
import { renameEvents, updateVenue } from '../store/venues.ts'
import {
  addDraft,
  addEvent,
  addVenue,
  draftAt,
  look,
  openCatalog,
  toldOf,
  type Catalog,
} from './support.ts'

const callers = 10
const many = <Result>(work: (i: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: callers }, (_, i) => work(i)))
const count = <Value>(values: Value[], value: Value) => values.filter((one) => one === value).length

describe('many organizers at one event', (it) => {
  let catalog: Catalog
  let venueId: string
  it.before(async () => {
    catalog = await openCatalog({ DATABASE_CONNECTIONS: '10' })
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  it('who read the same version: one changes it, all others learn the new one', async () => {
    const event = await addEvent(catalog.organizer, venueId)
    const answers = await many((i) =>
      catalog.organizer(
        'PATCH',
        `/v1/events/${event.id}`,
        { title: `Title ${i}` },
        { 'if-match': `"${event.version}"` },
      ),
    )
    const outcomes = answers.map(({ status, body }) =>
      status === 200 ? 'changed' : `${status} ${body.code} ${body.version}`,
    )
    assert.is(count(outcomes, 'changed'), 1)
    assert.is(count(outcomes, `412 version-stale ${event.version + 1}`), callers - 1)
    assert.is((await toldOf(catalog, event.id)).length, 2)
  })

  it('the twin: those who look at the version first and then write, write over each other', async () => {
    const { id, version } = await addEvent(catalog.organizer, venueId)
    const { database } = catalog.deps
    const see = statement('twin-see', 'select version from events where id = $1')
    const write = statement(
      'twin-write',
      'update events set title = $2, version = $3 where id = $1 returning 1',
    )
    const seen = await many(() => database.query<{ version: number }>(see, [id]))
    const written = await many(async (i) => {
      if (seen[i]?.[0]?.version !== version) return 0
      return (await database.query(write, [id, `Title ${i}`, version + 1])).length
    })
    assert.ok(count(written, 1) > 1, `${count(written, 1)} were told that they changed it`)
  })

  it('who change different things without If-Match: every change stays', async () => {
    const event = await addEvent(catalog.organizer, venueId)
    const changes = [{ title: 'New title' }, { description: 'New words' }, { type: 'New type' }]
    const statuses = await many(
      async (i) =>
        (await catalog.organizer('PATCH', `/v1/events/${event.id}`, changes[i % 3])).status,
    )
    assert.is(count(statuses, 200), callers)
    const { body } = await catalog.ask('GET', `/v1/events/${event.id}`)
    assert.equal(
      [body.title, body.description, body.type, body.version],
      ['New title', 'New words', 'New type', event.version + callers],
    )
    const versions = (await toldOf(catalog, event.id)).map(
      ({ data }: { data: { version: number } }) => data.version,
    )
    assert.is(new Set(versions).size, callers + 1)
  })

  it('who publish it: it is published and told of once', async () => {
    const { id } = await addDraft(catalog.organizer, venueId)
    const answers = await many(() => catalog.organizer('POST', `/v1/events/${id}/publish`))
    const outcomes = answers.map(({ status, body }) => (status === 200 ? 'published' : body.code))
    assert.is(count(outcomes, 'published'), 1)
    assert.is(count(outcomes, 'event-fixed'), callers - 1)
    assert.is((await toldOf(catalog, id)).length, 1)
  })

  it('the twin: those who look first whether it is a draft publish it many times', async () => {
    const { id } = await addDraft(catalog.organizer, venueId)
    const { database, outbox } = catalog.deps
    const see = statement('twin-status', 'select status from events where id = $1')
    const write = statement(
      'twin-publish',
      `update events set status = 'ON_SALE', layout_version = 1 where id = $1`,
    )
    const seen = await many(() => database.query<{ status: string }>(see, [id]))
    await many((i) =>
      database.transaction(async (tx) => {
        if (seen[i]?.[0]?.status !== 'DRAFT') return
        await tx.query(write, [id])
        const data = { version: i } as never
        await outbox.write(tx, [outbox.row('dev.boxoffice.event.created.v1', id, data)])
      }),
    )
    const told = (await toldOf(catalog, id)).length
    assert.ok(told > 1, `told of ${told} times`)
  })

  it('who cancel it: all hear that it is cancelled, and it is told of once', async () => {
    const { id } = await addEvent(catalog.organizer, venueId)
    const answers = await many(() => catalog.organizer('POST', `/v1/events/${id}/cancel`))
    const outcomes = answers.map(({ status, body }) => `${status} ${body.status} ${body.version}`)
    assert.is(count(outcomes, '200 CANCELLED 3'), callers)
    assert.is((await toldOf(catalog, id)).length, 2)
  })
})

describe('a venue that is renamed while its events are written', (it) => {
  let catalog: Catalog
  it.before(async () => (catalog = await openCatalog()))
  it.after(() => catalog.close())

  const nameIn = (eventId: string) =>
    look(catalog.deps.database, 'select venue_name from events where id = $1', [eventId])
  const rename = (venueId: string) =>
    catalog.organizer('PATCH', `/v1/venues/${venueId}`, { name: 'New' })
  /** Until others wait for a lock; not for ever, in case that none does. */
  const untilWaiting = async (others: number) => {
    const waiting = `select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    for (let tries = 0; tries < 50; tries++)
      if ((await look(catalog.deps.database, waiting)) >= others) return
  }

  it('finds the event that was being drafted', async () => {
    const venue = await addVenue(catalog.organizer, { name: 'Old' })
    const id = newId()
    const draft = { onSaleAt: null, seatsPerBuyerMax: null, ...draftAt(venue.id) } as EventDraft
    let renamed: ReturnType<typeof rename> | undefined
    await catalog.deps.database.transaction(async (tx) => {
      await insertEvent(tx, id, catalog.organizerId, draft)
      renamed = rename(venue.id)
      await untilWaiting(1)
    })
    assert.is((await renamed)?.status, 200)
    assert.is(await nameIn(id), 'New')
  })

  it('makes those wait who draft or change an event meanwhile, and gives them its new name', async () => {
    const venue = await addVenue(catalog.organizer, { name: 'Old' })
    const { id } = await addDraft(catalog.organizer, venue.id)
    const claim = { id: venue.id, ownerId: null, versions: null }
    const { drafted, changed } = await catalog.deps.database.transaction(async (tx) => {
      const row = await updateVenue(tx, claim, { name: 'New' })
      const writes = {
        drafted: addDraft(catalog.organizer, venue.id),
        changed: catalog.organizer('PATCH', `/v1/events/${id}`, { title: 'Changed' }),
      }
      await untilWaiting(2)
      if (row) await renameEvents(tx, row)
      return writes
    })
    assert.is((await drafted).venueName, 'New')
    const { title, venueName, version } = (await changed).body
    assert.equal([title, venueName, version], ['Changed', 'New', 3])
  })

  it('the twin: without the lock on the venue, a draft keeps the old name for ever', async () => {
    const venue = await addVenue(catalog.organizer, { name: 'Old' })
    const id = newId()
    const unguarded = statement(
      'twin-draft',
      `insert into events (id, venue_id, venue_name, city, title, type, starts_at, ends_at, currency, prices)
       select $1, id, name, city, 'x', 'x', now(), now() + interval '1 h', 'INR', '{}' from venues where id = $2`,
    )
    await catalog.deps.database.transaction(async (tx) => {
      await tx.query(unguarded, [id, venue.id])
      assert.is((await rename(venue.id)).status, 200)
    })
    assert.is(await nameIn(id), 'Old')
  })

  it('is not deleted while an event is being drafted there', async () => {
    const venue = await addVenue(catalog.organizer)
    const draft = { onSaleAt: null, seatsPerBuyerMax: null, ...draftAt(venue.id) } as EventDraft
    let deleted: ReturnType<typeof rename> | undefined
    await catalog.deps.database.transaction(async (tx) => {
      await insertEvent(tx, newId(), catalog.organizerId, draft)
      deleted = catalog.organizer('DELETE', `/v1/venues/${venue.id}`)
      await untilWaiting(1)
    })
    assert.is((await deleted)?.body.code, 'venue-in-use')
  })
})
