import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import {
  addDraft,
  addEvent,
  addVenue,
  inDays,
  openCatalog,
  setEvent,
  type Catalog,
} from './support.ts'

describe('GET /v1/events', (it) => {
  let catalog: Catalog
  const ids: Record<string, string> = {}

  it.before(async () => {
    catalog = await openCatalog()
    const pune = await addVenue(catalog.organizer, { name: 'Bal Gandharva', city: 'Pune' })
    const munich = await addVenue(catalog.organizer, { name: 'Gasteig', city: 'MÜNCHEN' })
    const add = async (title: string, venueId: string, change: Record<string, unknown> = {}) =>
      (ids[title] = (await addEvent(catalog.organizer, venueId, { title, ...change })).id)
    await add('Ragas at dawn', pune.id, { startsAt: inDays(1), endsAt: inDays(2) })
    await add('100% Comedy', pune.id, {
      type: 'Stand-up',
      startsAt: inDays(3),
      endsAt: inDays(4),
      onSaleAt: inDays(2),
    })
    await add('1000 Comedy nights', pune.id, {
      type: 'stand-up',
      startsAt: inDays(5),
      endsAt: inDays(6),
    })
    await add('snake_case live', munich.id, { startsAt: inDays(7), endsAt: inDays(8) })
    await add('snakeXcase \\ live', munich.id, { startsAt: inDays(9), endsAt: inDays(10) })
    await add('Große Straße', munich.id, {
      type: 'Théâtre',
      startsAt: inDays(11),
      endsAt: inDays(12),
    })
    ids.draft = (await addDraft(catalog.organizer, pune.id, { title: 'Secret comedy' })).id
  })
  it.after(() => catalog.close())

  const titles = async (query: string, ask = catalog.ask) => {
    const { status, body } = await ask('GET', `/v1/events?${query}`)
    assert.is(status, 200, query)
    return body.items.map((event: { title: string }) => event.title)
  }
  const words = (q: string) => titles(`q=${encodeURIComponent(q)}`)

  it('lists what is announced, by start, with all that one event answers', async () => {
    const { body } = await catalog.ask('GET', '/v1/events')
    assert.equal([body.page, body.size, body.total], [1, 20, 6])
    assert.is(body.items[0].title, 'Ragas at dawn')
    const one = await catalog.ask('GET', `/v1/events/${body.items[0].id}`)
    assert.equal(body.items[0], one.body)
  })

  it('compares city and type without their case, and as a whole', async () => {
    assert.is((await titles('city=pune')).length, 3)
    assert.is((await titles(`city=${encodeURIComponent('münchen')}`)).length, 3)
    assert.equal(await titles('city=Pun'), [])
    assert.equal(await titles('city=%25'), [])
    assert.equal(await titles('type=STAND-UP'), ['100% Comedy', '1000 Comedy nights'])
    assert.equal(await titles(`type=${encodeURIComponent('THÉÂTRE')}`), ['Große Straße'])
  })

  it('takes the status that everybody sees', async () => {
    assert.equal(await titles('status=SCHEDULED'), ['100% Comedy'])
    assert.is((await titles('status=ON_SALE&city=pune')).length, 2)
    await setEvent(catalog, ids['100% Comedy'] ?? '', 'on_sale_at = now()')
    assert.equal(await titles('status=SCHEDULED'), [])
    assert.is((await titles('status=ON_SALE&city=PUNE&type=stand-up')).length, 2)
    const unknown = await catalog.ask('GET', '/v1/events?status=OPEN')
    assert.equal([unknown.status, unknown.body.code], [400, 'invalid-request'])
  })

  it('finds the events in which every word occurs: in title, type, venue or city', async () => {
    assert.equal(await words('COMEDY pune'), ['100% Comedy', '1000 Comedy nights'])
    assert.equal(await words('  stand gandharva   nights '), ['1000 Comedy nights'])
    assert.equal(await words('comedy münchen'), [])
    assert.equal(await words('gasteig MÜNCHEN snake_'), ['snake_case live'])
    assert.equal(await words('dawnConcert'), [])
  })

  it('takes %, _ and \\ as they are', async () => {
    assert.equal(await words('100%'), ['100% Comedy'])
    assert.equal(await words('%'), ['100% Comedy'])
    assert.equal(await words('snake_case'), ['snake_case live'])
    assert.equal(await words('\\'), ['snakeXcase \\ live'])
    assert.equal(await words(`' or 1=1 --`), [])
  })

  it('knows letters by what they are, in any case and however they are typed', async () => {
    assert.equal(await words('GROSSE STRASSE'), ['Große Straße'])
    assert.equal(await words('große straße théâtre'), ['Große Straße'])
    assert.equal(await words('THÉÂTRE'.normalize('NFD')), ['Große Straße'])
    assert.equal(await words('theatre'), [])
  })

  it('takes the days from and to, both included', async () => {
    const { body } = await catalog.ask('GET', `/v1/events/${ids['100% Comedy']}`)
    const at = encodeURIComponent(body.startsAt)
    assert.equal(await titles(`from=${at}&to=${at}`), ['100% Comedy'])
    assert.is((await titles(`from=${at}`)).length, 5)
    assert.is((await titles(`to=${at}`)).length, 2)
    const early = await catalog.ask('GET', '/v1/events?from=0000-01-01T00:00:00Z')
    assert.equal([early.status, early.body.errors[0].pointer], [400, '#/query/from'])
  })

  it('sorts by start, title or creation, either way', async () => {
    assert.is((await titles('sort=-startsAt'))[0], 'Große Straße')
    assert.equal((await titles('sort=title')).slice(0, 3), [
      '100% Comedy',
      '1000 Comedy nights',
      'Große Straße',
    ])
    assert.is((await titles('sort=-title'))[0], 'snakeXcase \\ live')
    assert.is((await titles('sort=createdAt'))[0], 'Ragas at dawn')
    assert.is((await titles('sort=-createdAt'))[0], 'Große Straße')
    assert.is((await catalog.ask('GET', '/v1/events?sort=price')).body.code, 'invalid-request')
  })

  it('pages without a gap, and keeps the total past the end', async () => {
    const seen: string[] = []
    for (const page of [1, 2, 3]) seen.push(...(await titles(`size=2&page=${page}`)))
    assert.equal(seen, await titles(''))
    for (const page of [4, 1_000_000]) {
      const { status, body } = await catalog.ask('GET', `/v1/events?size=100&page=${page}`)
      assert.equal([status, body.items, body.page, body.total], [200, [], page, 6])
    }
    const none = await catalog.ask('GET', '/v1/events?q=nowhere&page=3')
    assert.equal([none.body.items, none.body.total], [[], 0])
  })

  it('refuses what it cannot take', async () => {
    const many = Array.from({ length: 11 }, (_, i) => `w${i}`).join('+')
    for (const query of [
      'q=a%00b',
      'city=%00',
      'q=',
      'page=0',
      'page=1e9',
      'size=101',
      'city=a&city=b',
      'order=title',
      'from=yesterday',
      'mine=yes',
      `q=${many}`,
    ]) {
      const { status, body } = await catalog.ask('GET', `/v1/events?${query}`)
      assert.equal([status, body.code], [400, 'invalid-request'], query)
    }
  })

  it('shows drafts with mine=true, to those whose they are', async () => {
    assert.equal(await titles('status=DRAFT'), [])
    assert.equal(await titles('status=DRAFT', catalog.organizer), [])
    assert.equal(await titles('mine=true&status=DRAFT', catalog.organizer), ['Secret comedy'])
    assert.is((await titles('mine=true', catalog.organizer)).length, 7)
    assert.equal(await titles('mine=true', catalog.other), [])
    assert.equal(await titles('mine=true', catalog.customer), [])
    assert.is((await titles('mine=true', catalog.admin)).length, 7)
    const theirs = await catalog.as(newId(), ['organizer'])
    assert.equal(await titles('mine=true&q=secret', theirs), [])
    const nobody = await catalog.ask('GET', '/v1/events?mine=true')
    assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'])
  })
})
