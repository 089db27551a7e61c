import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { describe } from '../../_runtime/test.ts'
import { eventList, type EventSearch } from '../store/search.ts'
import { look, openCatalog, type Catalog } from './support.ts'

describe('a search of 20,000 events', (it) => {
  let catalog: Catalog
  it.before(async () => {
    catalog = await openCatalog()
    await look(catalog.deps.database, fillVenues)
    for (let part = 0; part < 10; part++)
      await look(catalog.deps.database, fillEvents, [part * 2000 + 1, (part + 1) * 2000])
    await look(catalog.deps.database, 'vacuum analyze events')
  })
  it.after(() => catalog.close())

  const planOf = async (search: Partial<EventSearch>) => {
    const list = eventList({
      words: [],
      withDrafts: false,
      sort: 'startsAt',
      page: 1,
      size: 20,
      ...search,
    })
    const { values, text } = list
    const plan = await catalog.deps.database.query(statement('', `explain ${text}`), values)
    return plan.flatMap(Object.values).join('\n')
  }

  it('by words uses the index of their trigrams', async () => {
    for (const words of [['#1234'], ['festival', 'venue 17'], ['jaipur', 'dawn']]) {
      const plan = await planOf({ words })
      assert.match(plan, /Bitmap Index Scan on events_search/)
      assert.not.match(plan, /Seq Scan on events/)
    }
  })

  it('by city and status, or by type, reads neither the table nor more of an index than needed', async () => {
    for (const search of [
      { city: 'PUNE', status: 'ON_SALE' },
      { city: 'Pune' },
      { type: 'play' },
    ] as const) {
      const plan = await planOf(search)
      assert.match(plan, /Index Only Scan using events_by_(city|type)/)
      assert.not.match(plan, /Seq Scan on events/)
    }
  })

  it('by nothing at all counts in an index, and takes the page from the one of its order', async () => {
    const plan = await planOf({})
    assert.match(plan, /Limit.*\n.*Index Only Scan using events_by_start/)
    assert.not.match(plan, /Seq Scan on events/)
    const byTitle = await planOf({ sort: '-title' })
    assert.match(byTitle, /Index Scan Backward using events_by_title/)
  })

  const fillVenues = `
    insert into venues (id, name, city, capacity, layout)
    select gen_random_uuid(), 'Venue ' || i, (array['Pune', 'Goa', 'Jaipur', 'Kochi', 'Delhi'])[1 + i % 5],
      25, '{"sections": []}'
    from generate_series(1, 50) i`
  const fillEvents = `
    insert into events (id, title, type, description, venue_id, venue_name, city, status, starts_at,
      ends_at, currency, prices, layout_version)
    select gen_random_uuid(),
      (array['Concert', 'Festival', 'Workshop', 'Premiere'])[1 + i % 4]
        || (array[' at dawn', ' of light', ' for two'])[1 + i % 3] || ' #' || i,
      (array['Concert', 'Play', 'Sports', 'Conference', 'Dance'])[1 + i % 5], repeat('What to expect. ', 20),
      v.id, v.name, v.city, (array['DRAFT', 'ON_SALE', 'SCHEDULED', 'CANCELLED'])[1 + i % 4],
      now() + make_interval(hours => i), now() + make_interval(hours => i + 2), 'INR', '{}', 1
    from generate_series($1::int, $2::int) i
      join (select *, row_number() over (order by name) as place from venues) v on v.place = 1 + i % 50`
})
