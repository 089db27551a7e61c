import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { addDraft, addEvent, addVenue, look, openCatalog, type Catalog } from './support.ts'

/** Texts that mean something to SQL, to a pattern, to JSON paths or to a shell, and nothing to a reader. */
const texts = [
  "' OR 1=1--",
  "' OR '1'='1",
  "'; drop table events; --",
  "'; select pg_sleep(5)--",
  "1'||pg_sleep(5)||'",
  "') union select id, email from users--",
  '" or ""="',
  '$1',
  '$$; select pg_sleep(5); $$',
  '%',
  '%%%%%%%%%%%%%%%%%%%%',
  '_',
  '\\',
  "\\'",
  '$.title',
  '{"$ne":null}',
  '{"$like":"%"}',
  '[object Object]',
  '${7*7}',
  '{{7*7}}',
  '$(sleep 5)',
  '`sleep 5`',
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
  '=cmd|/c calc!A1',
]

describe('a text that means something to a database', (it) => {
  let catalog: Catalog
  let venueId = ''
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
    for (const title of ['One', 'Two', 'Three'])
      await addEvent(catalog.organizer, venueId, { title })
  })
  it.after(() => catalog.close())

  const eventsLeft = () => look(catalog.deps.database, 'select count(*)::int from events')

  it('finds as much as any other text that is nowhere, in the same time', async () => {
    const before = await eventsLeft()
    for (const text of texts)
      for (const [path, name] of [
        ['events', 'q'],
        ['events', 'city'],
        ['events', 'type'],
        ['venues', 'q'],
        ['venues', 'city'],
      ]) {
        const start = performance.now()
        const query = `/v1/${path}?${name}=${encodeURIComponent(text)}`
        const { status, body } = await catalog.ask('GET', query)
        assert.equal([status, body.total], [200, 0], query)
        assert.ok(performance.now() - start < 4000, `${query} slept`)
      }
    assert.is(await eventsLeft(), before)
  })

  it('is no order, no status, no page and no id', async () => {
    for (const text of [
      ...texts,
      'startsAt desc',
      'title;--',
      'pg_sleep(5)',
      '__proto__',
      'constructor',
    ])
      for (const query of [
        'events?sort=',
        'events?status=',
        'events?page=',
        'events?from=',
        'events/',
      ]) {
        const path = `/v1/${query}${encodeURIComponent(text)}`
        const { status, body } = await catalog.ask('GET', path)
        const expected = query === 'events/' ? [400, 404] : [400]
        assert.ok(expected.includes(status), `${path}: ${status}`)
        assert.ok(['invalid-request', 'not-found'].includes(body.code), path)
      }
  })

  it('is no operator: a filter is a text, given once', async () => {
    for (const query of [
      'q[$ne]=',
      'q[]=a',
      'q=a&q=b',
      'status[$in]=DRAFT',
      'where=1',
      'organizerId=x',
    ]) {
      const { status, body } = await catalog.ask('GET', `/v1/events?${query}`)
      assert.equal([status, body.code], [400, 'invalid-request'], query)
    }
    for (const value of [{ $ne: null }, { $like: '%' }, { raw: 'now()' }, ['a']]) {
      const { status } = await catalog.organizer('POST', '/v1/venues', {
        name: value,
        city: 'Pune',
        layout: { sections: [] },
      })
      assert.is(status, 400, JSON.stringify(value))
    }
  })

  it('is kept as it is, and given back as it is', async () => {
    for (const title of texts) {
      const { id } = await addDraft(catalog.organizer, venueId, { title, description: title })
      const { body } = await catalog.organizer('GET', `/v1/events/${id}`)
      assert.equal([body.title, body.description], [title, title])
    }
  })
})
