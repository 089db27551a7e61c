import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { seatsOf } from '../seats-of-event.ts'
import { createReadStatuses } from '../store/seats.ts'
import { look, openEvent, openSeating, type Seating } from './support.ts'

describe('looking at seats', (it) => {
  let seating: Seating
  it.before(async () => (seating = await openSeating()))
  it.after(() => seating.close())

  it('lists a page of seats in the order of the layout, by section and status', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { rows: 3, width: 10 })
    await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [seatIds[0]] })
    const page = await seating.ask(
      'GET',
      `/v1/seats?eventId=${eventId}&status=AVAILABLE&size=5&page=2`,
    )
    assert.is(page.body.total, 29)
    assert.equal(
      page.body.items.map((seat: { label: string }) => seat.label),
      ['A-7', 'A-8', 'A-9', 'A-10', 'B-1'],
    )
    const past = await seating.ask('GET', `/v1/seats?eventId=${eventId}&page=99`)
    assert.equal([past.body.items, past.body.total], [[], 30])
    const none = await seating.ask('GET', `/v1/seats?eventId=${eventId}&section=Nowhere`)
    assert.is(none.body.total, 0)
  })

  it('reads the map once for all who look at the same moment', async () => {
    const { database } = seating.deps
    const [one, other] = [await openEvent(database), await openEvent(database)]
    const reads: string[][] = []
    const query: typeof database.query = (which, values = []) => {
      reads.push(values[0] as string[])
      return database.query(which, values)
    }
    const readStatuses = createReadStatuses({ query })
    const asked = Array.from({ length: 50 }, (_, i) => (i % 2 ? one : other).eventId)
    const rows = await Promise.all([...asked, newId()].map((id) => readStatuses(id)))
    assert.is(reads.length, 1)
    assert.is(reads[0]?.length, 3)
    assert.equal(
      rows.map((row) => row?.statuses.length),
      [...asked.map(() => one.seatIds.length), undefined],
    )
  })

  it('counts by status and by section', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database)
    await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [seatIds[0]] })
    await look(seating.deps.database, `update seats set status = 'BLOCKED' where id = $1`, [
      seatIds[1],
    ])
    const { body } = await seating.ask('GET', `/v1/seats/summary?eventId=${eventId}`)
    const { sections, ...counts } = body
    assert.equal(counts, { eventId, total: 10, available: 8, held: 1, sold: 0, blocked: 1 })
    assert.equal(sections, [
      {
        section: 'Stalls',
        total: 10,
        available: 8,
        priceFrom: { amountMinor: 50_000, currency: 'INR' },
      },
    ])
  })

  it('maps all seats in columns, and answers 304 until a seat changes', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 3 })
    const map = () => seating.app.request(`/v1/seats/map?eventId=${eventId}`)
    const first = await map()
    const body = (await first.json()) as { ids: string[]; statuses: string }
    assert.equal(body.ids, seatIds)
    assert.is(body.statuses, 'AAA')
    const again = (etag: string) =>
      seating.app.request(`/v1/seats/map?eventId=${eventId}`, {
        headers: { 'if-none-match': etag },
      })
    assert.is((await again(first.headers.get('etag') ?? '')).status, 304)
    await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [seatIds[1]] })
    const changed = await again(first.headers.get('etag') ?? '')
    assert.is(changed.status, 200)
    assert.is(((await changed.json()) as { statuses: string }).statuses, 'AHA')
  })

  it('knows the summary and the map of no event that it was not told of', async () => {
    for (const path of ['summary', 'map', 'stream'])
      assert.is(
        (await seating.ask('GET', `/v1/seats/${path}?eventId=${newId()}`)).body.code,
        'not-found',
      )
  })

  it('streams what changes, and after a gap what changed meanwhile', async () => {
    const { eventId, seatIds } = await openEvent(seating.deps.database, { width: 3 })
    const [a = '', b = ''] = seatIds
    const live = await open(eventId)
    await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [a] })
    const seen = await live.next()
    assert.equal(seen.data, { [a]: 'HELD' })
    await live.close()
    await (
      await seating.as(newId())
    )('POST', '/v1/seats/reserve', { eventId, seatIds: [b] })
    const resumed = await open(eventId, seen.id)
    const missed = await resumed.next()
    assert.is((missed.data as Record<string, string>)[b], 'HELD')
    await resumed.close()
  })

  it('makes the seats of a layout best first, with labels of what each has', () => {
    const seats = seatsOf(
      {
        sections: [
          { name: 'Floor', priceZone: 'standing', standing: { capacity: 2 } },
          {
            name: 'Balcony',
            priceZone: 'seated',
            rows: [
              {
                name: 'C',
                ranges: [
                  [1, 2],
                  [4, 4],
                ],
              },
            ],
          },
        ],
      },
      { standing: 1000, seated: 2000 },
    )
    assert.equal(
      seats.map(({ label, priceMinor, ordinal }) => [label, priceMinor, ordinal]),
      [
        ['Floor-1', 1000, 0],
        ['Floor-2', 1000, 1],
        ['Balcony-C-1', 2000, 2],
        ['Balcony-C-2', 2000, 3],
        ['Balcony-C-4', 2000, 4],
      ],
    )
  })

  /** Reads server-sent events one by one. */
  async function open(eventId: string, lastEventId?: string) {
    const response = await seating.app.request(`/v1/seats/stream?eventId=${eventId}`, {
      headers: lastEventId ? { 'last-event-id': lastEventId } : {},
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    // The subscription stands a moment after the answer begins.
    await new Promise((resolve) => setTimeout(resolve, 100))
    let text = ''
    return {
      async next(): Promise<{ id: string; data: unknown }> {
        for (;;) {
          const event = /^event: seats\ndata: (.*)\nid: (.*)\n\n/m.exec(text)
          if (event) {
            text = text.slice(event.index + event[0].length)
            return { id: event[2] ?? '', data: JSON.parse(event[1] ?? '') }
          }
          const { value, done } = await reader.read()
          if (done) throw new Error('the stream ended')
          text += new TextDecoder().decode(value)
        }
      },
      close: () => reader.cancel(),
    }
  }
})
