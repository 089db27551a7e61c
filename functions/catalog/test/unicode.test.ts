import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { addDraft, addVenue, draftAt, openCatalog, type Catalog } from './support.ts'

/** Names that are unusual and good. */
const kept: Record<string, string> = {
  'right to left': 'مهرجان الموسيقى',
  Devanagari: 'शास्त्रीय संगीत',
  'a family of emoji': '👩‍👩‍👧‍👦 Matinee',
  'a flag and a skin tone': '🇮🇳 👏🏽',
  'beyond the basic plane': '𝔊𝔯𝔞𝔫𝔡',
  'a combining accent': 'Cafe\u0301',
  'marks on marks': `Z${'\u0335\u0321'.repeat(20)}algo`,
  'a letter that grows in capitals': 'Straße ﬀ ŉ',
  'a Turkish i': 'İstanbul ıI',
  'a direction mark': 'abc\u202edef',
}
/** Names that would break a line, a header or Postgres. */
const refused: Record<string, string> = {
  'a line feed': 'a\nb',
  'a header': 'a\r\nset-cookie: b=c',
  'an escape sequence': 'a\u001b[31m',
  NUL: 'a\u0000b',
  DEL: 'a\u007f',
  'a C1 control': 'a\u0085b',
  'half a surrogate pair': 'a\ud800',
  'surrogates in the wrong order': '\udc00\ud800',
  'nothing but spaces': ' \u00a0\u2003',
  'more than there is room for': 'é'.repeat(201),
}

describe('a name in any script', (it) => {
  let catalog: Catalog
  let venueId = ''
  it.before(async () => {
    catalog = await openCatalog()
    venueId = (await addVenue(catalog.organizer)).id
  })
  it.after(() => catalog.close())

  it('is kept to the code point, and published so', async () => {
    for (const [what, title] of Object.entries(kept)) {
      const { id } = await addDraft(catalog.organizer, venueId, { title, description: title })
      const { body } = await catalog.organizer('POST', `/v1/events/${id}/publish`)
      assert.equal([body.title, body.description], [title, title], what)
    }
  })

  it('is found however its accents are typed and whatever its case', async () => {
    for (const q of ['café', 'cafe\u0301', 'CAFÉ'.normalize('NFD')]) {
      const { body } = await catalog.ask('GET', `/v1/events?q=${encodeURIComponent(q)}`)
      assert.is(body.total, 1, q)
    }
  })

  it('is refused where it would break a line, a header or the database', async () => {
    for (const [what, text] of Object.entries(refused))
      for (const field of ['title', 'type']) {
        const draft = draftAt(venueId, { [field]: text })
        const { status, body } = await catalog.organizer('POST', '/v1/events', draft)
        assert.equal(
          [status, body.errors?.[0]?.pointer ?? '#/title'],
          [400, expected(text, field)],
          what,
        )
      }
  })
  // NUL is refused for the whole body, before any field is looked at.
  const expected = (text: string, field: string) =>
    text.includes('\u0000') ? '#/title' : `#/${field}`

  it('is a long text only where one belongs', async () => {
    const large = draftAt(venueId, { title: 'x'.repeat(1024 * 1024) })
    const { status, body } = await catalog.organizer('POST', '/v1/events', large)
    assert.equal([status, body.code], [413, 'body-too-large'])
  })

  it('with half a surrogate pair in a description is kept without it, not a failure', async () => {
    const description = 'half a pair: \ud800.'
    const { id } = await addDraft(catalog.organizer, venueId, { description })
    const published = await catalog.organizer('POST', `/v1/events/${id}/publish`)
    assert.equal([published.status, published.body.description], [200, 'half a pair: \ufffd.'])
  })
})
