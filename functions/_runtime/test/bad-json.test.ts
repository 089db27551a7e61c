import * as assert from 'uvu/assert'
import * as z from 'zod'
import { route } from '../../../contracts/route.ts'
import { createFunctionApp } from '../app.ts'
import { on } from '../on.ts'
import { describe } from '../test.ts'
import { asking } from '../testing/ask.ts'
import { openRuntime, type Opened } from './support.ts'

const bytesMax = 1024 * 1024
const given = route({
  owner: 'orders',
  summary: 'a test',
  method: 'POST',
  path: '/given',
  access: 'anyone',
  data: 'any',
  body: z.strictObject({
    name: z.string(),
    count: z.int(),
    ids: z.array(z.int()).max(10),
    prices: z.record(z.string(), z.int()).optional(),
  }),
  query: z.strictObject({ a: z.string().optional() }),
  bodyBytesMax: bytesMax,
  answers: { 200: z.object({ name: z.string(), count: z.int() }) },
})

const good = '{"name":"a","count":1,"ids":[]}'
const withName = (name: string) => good.replace('"a"', name)
const withCount = (count: string) => good.replace('1', count)

const syntax: Record<string, string> = {
  'nothing at all': '',
  'spaces only': '   ',
  'cut off': good.slice(0, -3),
  'two of them': good + good,
  'a comma too many': good.replace('}', ',}'),
  'a comment': `/* x */${good}`,
  'names without quotes': good.replaceAll('"name"', 'name'),
  'single quotes': good.replaceAll('"', "'"),
  NaN: withCount('NaN'),
  Infinity: withCount('-Infinity'),
  'a leading zero': withCount('01'),
  'a plus sign': withCount('+1'),
  hexadecimal: withCount('0x1'),
  'a raw line feed in a text': withName('"a\nb"'),
  'a raw NUL in a text': withName('"a\u0000b"'),
  'an escaped NUL, which Postgres cannot keep': withName('"a\\u0000b"'),
  'an escape that there is none of': withName('"\\x41"'),
  'a BOM in the middle': `{\ufeff${good.slice(1)}`,
  'UTF-16': Buffer.from(good, 'utf16le').toString('latin1'),
}
const shape: Record<string, string> = {
  'a list': `[${good}]`,
  'a text': '"x"',
  null: 'null',
  'a number': '7',
  'lists 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'objects 10,000 deep': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  'a list of 100,000': good.replace('[]', `[${'0,'.repeat(99_999)}0]`),
  '10,000 unknown fields': `{${Array.from({ length: 10_000 }, (_, i) => `"x${i}":1`).join()}}`,
  'wrong in 100,000 places': good.replace('[]', `[${'"",'.repeat(99_999)}""]`),
  'a number out of range': withCount('1e400'),
  'an id past 2^53': withCount('9007199254740993'),
  'a fraction': withCount('1.5'),
  'a number as text': withCount('"1"'),
  'a list as a text': withName('[]'),
}
const pollution: Record<string, string> = {
  __proto__: good.replace('{', '{"__proto__":{"polluted":true},'),
  'an escaped __proto__': good.replace('{', '{"\\u005f_proto__":{"polluted":true},'),
  constructor: good.replace('{', '{"constructor":{"prototype":{"polluted":true}},'),
  'within a value': withName('{"__proto__":{"polluted":true}}'),
  'among named values': good.replace('{', '{"prices":{"__proto__":1},'),
  'escaped, among named values': good.replace('{', '{"prices":{"__pr\\u006fto__":1},'),
  'in a list': good.replace('[]', '[{"__proto__":{"polluted":true}}]'),
}

describe('JSON that is none of ours', (it) => {
  let runtime: Opened
  let client: ReturnType<typeof asking>
  let taken: unknown[] = []
  it.before(async () => {
    runtime = await openRuntime()
    const app = createFunctionApp(runtime)
    on(app, runtime, given, async (c, { body }) => {
      taken.push(body)
      return c.json({ name: body.name, count: body.count })
    })
    client = asking(app, 'orders')
  })
  it.beforeEach(() => void (taken = []))
  it.after(() => runtime.close())

  async function refuseAll(table: Record<string, string>): Promise<void> {
    for (const [what, text] of Object.entries(table)) {
      const start = performance.now()
      const { status, body, headers } = await client.ask('POST', '/given', text)
      assert.equal([status, body.code], [400, 'invalid-request'], what)
      assert.is(headers.get('content-type'), 'application/problem+json', what)
      assert.ok(performance.now() - start < 1000, `${what}: ${performance.now() - start} ms`)
      assert.ok(
        JSON.stringify(body).length < 20_000,
        `${what}: the answer is as large as the question`,
      )
    }
    assert.equal(taken, [])
  }

  it('in its syntax is refused with 400', () => refuseAll(syntax))
  it('in its shape is refused with 400, and is no work', () => refuseAll(shape))

  it('that reaches for a prototype is refused, and reaches none', async () => {
    await refuseAll(pollution)
    const query = await client.ask('POST', '/given?__proto__[polluted]=1&__proto__=1', good)
    assert.equal([query.status, query.body.code], [400, 'invalid-request'])
    const header = await client.ask('POST', '/given', good, { __proto__: '1', constructor: '1' })
    assert.is(header.status, 200)
    assert.is(({} as { polluted?: unknown }).polluted, undefined)
    assert.equal(Object.keys(Object.prototype), [])
  })

  it('with a name twice has the last one, which is what the gateway reads too', async () => {
    await client.ask('POST', '/given', good.replace('{', '{"count":7,'))
    assert.equal(taken, [{ name: 'a', count: 1, ids: [] }])
  })

  it('may begin with a BOM, and may have a surrogate without its other half', async () => {
    assert.is((await client.ask('POST', '/given', `\ufeff${good}`)).status, 200)
    assert.is((await client.ask('POST', '/given', withName('"\\ud800"'))).status, 200)
  })

  it('is refused with 413 when it is too large, however it is sent', async () => {
    const large = withName(`"${'x'.repeat(bytesMax)}"`)
    assert.is((await client.ask('POST', '/given', large)).status, 413)
    const chunked = await client.app.request('/given', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    })
    assert.is(chunked.status, 413)
  })
})
