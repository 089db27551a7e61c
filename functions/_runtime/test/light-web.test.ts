import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { LightHeaders } from '../light-headers.ts'
import { LightRequest, LightResponse } from '../light-web.ts'
import { describe } from '../test.ts'

/** What came of it, or the kind of error that it threw. */
const outcome = <Value>(work: () => Value) => {
  try {
    return { value: work() }
  } catch (err) {
    return { error: (err as Error).name }
  }
}
const outcomeLater = (work: () => Promise<unknown>) =>
  work().then(
    (value) => ({ value }),
    () => ({ isRefused: true }),
  )

const names = fc.constantFrom(
  'a',
  'A',
  'x-b',
  'Content-Type',
  'cookie',
  'Set-Cookie',
  'no name',
  '',
)
const values = fc.constantFrom('', '1', ' two\t', 'a, b', 'é', '→', 'a\nb', 'a\n', '\0')
const changes = fc.array(
  fc.tuple(fc.constantFrom('append' as const, 'set' as const, 'delete' as const), names, values),
  { maxLength: 12 },
)
const inits = fc.oneof(
  fc.constant(undefined),
  fc.dictionary(names, values, { maxKeys: 4 }),
  fc.array(fc.tuple(names, values), { maxLength: 4 }),
  fc.array(fc.array(values, { maxLength: 3 }), { maxLength: 2 }),
)

describe('light headers', (it) => {
  const seen = (headers: Headers | LightHeaders) => {
    const visited: string[] = []
    headers.forEach((value, name) => visited.push(name, value))
    return {
      visited,
      entries: [...headers],
      keys: [...headers.keys()],
      values: [...headers.values()],
      cookies: headers.getSetCookie(),
      found: ['a', 'COOKIE', 'set-cookie'].map((name) => [headers.get(name), headers.has(name)]),
      type: Object.prototype.toString.call(headers),
    }
  }

  it('are what Node makes of the same', () => {
    fc.assert(
      fc.property(inits, changes, (init, made) => {
        const both = [Headers, LightHeaders].map((Class) =>
          outcome(() => {
            const headers = new Class(init as never)
            const refused = made.map(([verb, name, value]) =>
              outcome(() => headers[verb](name, value)),
            )
            return { ...seen(headers), refused, copy: seen(new Class(headers as never)) }
          }),
        )
        assert.equal(both[1], both[0])
      }),
      { numRuns: 2000 },
    )
  })

  it('are taken by Node for its own', () => {
    const light = new LightHeaders({ 'X-A': '1', 'set-cookie': 'a=1' })
    light.append('set-cookie', 'b=2')
    assert.equal([...new Headers(light)], [...light])
  })
})

const bodies = fc.constantFrom(
  () => undefined,
  () => null,
  () => '',
  () => '{"a":"é"}',
  () => '\uFEFFmarked',
  () => new Uint8Array([123, 125]),
  () => new Uint8Array([49, 50]).buffer,
  () => new Blob(['12']).stream(),
)
const reading = fc.constantFrom('text' as const, 'json' as const, 'arrayBuffer' as const)

describe('light requests and responses', (it) => {
  const statuses = fc.constantFrom(undefined, 101, 199, 200, 201, 204, 304, 404, 599, 600)

  it('answer, read and copy as those of Node', async () => {
    const both = [Response, LightResponse] as [typeof Response, typeof LightResponse]
    const run = fc.asyncProperty(
      bodies,
      statuses,
      inits,
      reading,
      async (body, status, headers, how) => {
        const seen = await Promise.all(
          both.map((Class) =>
            outcomeLater(async () => {
              const response = new Class(body() as never, { status, headers } as never)
              const copy = response.clone()
              const before = [response.bodyUsed, response.body === null]
              const read = await outcomeLater(() => response[how]())
              const again = await outcomeLater(() => response.text())
              const copied = await outcomeLater(() => copy.text())
              const late = outcome(() => void response.clone())
              return {
                bodies: [before, read, again, copied, late, response.bodyUsed],
                head: [response.ok, response.status, ...response.headers],
              }
            }),
          ),
        )
        assert.equal(seen[1], seen[0])
      },
    )
    await fc.assert(run, { numRuns: 1000, includeErrorInReport: true })
  })

  it('stream what Node would', async () => {
    const chunks = async (response: Response | LightResponse) => {
      const read: number[] = []
      for await (const chunk of response.body as ReadableStream<Uint8Array>) read.push(...chunk)
      return [read, response.bodyUsed]
    }
    for (const body of ['', 'twelve', new Blob(['12']).stream()])
      assert.equal(
        await chunks(new LightResponse(body)),
        await chunks(new Response(typeof body === 'string' ? body : '12')),
      )
  })

  it('ask as those of Node', async () => {
    const run = fc.asyncProperty(bodies, inits, reading, async (body, headers, how) => {
      const seen = await Promise.all(
        ([Request, LightRequest] as [typeof Request, typeof LightRequest]).map((Class) =>
          outcomeLater(async () => {
            const init = { method: 'post', headers, body: body(), duplex: 'half' }
            const request = new Class('http://there/a b?c=d', init as never)
            const copy = request.clone()
            const { url, method, signal } = request
            return {
              head: [url, method, signal.aborted, ...request.headers],
              read: await outcomeLater(() => request[how]()),
              copied: await outcomeLater(() => copy.text()),
              used: request.bodyUsed,
            }
          }),
        ),
      )
      assert.equal(seen[1], seen[0])
    })
    await fc.assert(run, { numRuns: 1000, includeErrorInReport: true })
  })

  it('take text, bytes and streams, and say so where a form is given', () => {
    assert.throws(() => new LightResponse(new FormData() as never), /text, bytes or a stream/)
  })
})
