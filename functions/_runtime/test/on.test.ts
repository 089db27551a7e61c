import * as assert from 'uvu/assert'
import * as z from 'zod'
import { route, type Role } from '../../../contracts/route.ts'
import { createFunctionApp } from '../app.ts'
import { newId } from '../ids.ts'
import { on } from '../on.ts'
import { describe } from '../test.ts'
import { asking } from '../testing/ask.ts'
import { openRuntime, type Opened } from './support.ts'

const common = { owner: 'orders', summary: 'a test', method: 'POST', data: 'any' } as const
const body = z.strictObject({ name: z.string().min(2), count: z.int() })
const answers = { 200: z.object({ name: z.string() }) }
const anyone = route({
  ...common,
  path: '/anyone',
  access: 'anyone',
  body,
  answers,
  bodyBytesMax: 200,
})
const signedIn = route({ ...common, path: '/signed-in', access: 'signed-in', answers })
const admins = route({ ...common, path: '/admins', access: { roles: ['admin'] }, answers })
const inside = route({ ...common, path: '/inside', access: { functions: ['payments'] }, answers })
const query = route({
  ...common,
  method: 'GET',
  path: '/query',
  access: 'anyone',
  query: z.strictObject({ a: z.string() }),
  answers,
})
const wrong = route({ ...common, path: '/wrong', access: 'anyone', answers })

describe('a route of the contracts', (it) => {
  let runtime: Opened
  let client: ReturnType<typeof asking>
  it.before(async () => {
    runtime = await openRuntime()
    const app = createFunctionApp(runtime)
    on(app, runtime, anyone, async (c, { body: given }) => c.json({ name: given.name }))
    for (const one of [signedIn, admins, inside, query])
      on(app, runtime, one, async (c) => c.json({ name: 'x' }))
    on(app, runtime, wrong, async (c) => c.json({ name: 1 }))
    client = asking(app, 'orders')
  })
  it.after(() => runtime.close())

  it('answers everything that is wrong with a body at once, by JSON pointer', async () => {
    const { status, body: problem } = await client.ask('POST', '/anyone', {
      name: 'x',
      count: 1.5,
      more: true,
    })
    assert.is(status, 400)
    assert.is(problem.code, 'invalid-request')
    assert.equal(
      problem.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['#/name', '#/count', '#'],
    )
    assert.match(problem.errors[2].detail, /more/)
  })

  it('refuses what is no JSON, no UTF-8, too large, announced or not, or of another media type', async () => {
    const codeOf = async (text: string, headers: Record<string, string> = {}) =>
      (await client.ask('POST', '/anyone', text, headers)).body.code
    assert.is(await codeOf('{'), 'invalid-request')
    assert.is(await codeOf('{"name":"a\\u0000b","count":1}'), 'invalid-request')
    assert.is(await codeOf(JSON.stringify({ name: 'x'.repeat(300), count: 1 })), 'body-too-large')
    assert.is(
      await codeOf('{"name":"xy","count":1}', { 'content-type': 'text/plain' }),
      'media-type-unsupported',
    )
    const chunked = await client.app.request('/anyone', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob(['{"name":"', 'x'.repeat(300), '","count":1}']).stream(),
      duplex: 'half',
    })
    assert.is(chunked.status, 413)
    const bytes = await client.app.request('/anyone', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    })
    assert.is(bytes.status, 400)
  })

  it('lets in only who its access names', async () => {
    const customer = await client.as(newId())
    const admin = await client.as(newId(), ['admin'])
    const payments = await client.asFunction('payments')
    const seating = await client.asFunction('seating')
    const statusOf = async (ask: typeof customer, path: string) => (await ask('POST', path)).status
    assert.equal(
      await Promise.all(
        [client.ask, customer, admin, payments].map((ask) => statusOf(ask, '/signed-in')),
      ),
      [401, 200, 200, 403],
    )
    assert.equal(
      await Promise.all(
        [client.ask, customer, admin, payments].map((ask) => statusOf(ask, '/admins')),
      ),
      [401, 403, 200, 403],
    )
    assert.equal(
      await Promise.all(
        [client.ask, customer, admin, payments, seating].map((ask) => statusOf(ask, '/inside')),
      ),
      [401, 403, 403, 200, 403],
    )
  })

  it('takes a token with scopes only where it has the scope of the route', async () => {
    const withScopes = (scope: string, roles: Role[] = ['customer']) =>
      client.as(newId(), roles, { scope, key: newId() })
    const answer = async (ask: typeof client.ask, method: string, path: string) => {
      const { status, body: problem } = await ask(method, path)
      return problem.code ? [status, problem.code, problem.scope] : status
    }
    const reader = await withScopes('orders:read seating:write')
    const writer = await withScopes('orders:write')
    assert.is(await answer(reader, 'GET', '/query?a=1'), 200)
    assert.equal(await answer(writer, 'GET', '/query?a=1'), [403, 'scope-missing', 'orders:read'])
    assert.is(await answer(writer, 'POST', '/signed-in'), 200)
    assert.equal(await answer(reader, 'POST', '/signed-in'), [403, 'scope-missing', 'orders:write'])
    const admin = await withScopes('orders:read orders:write', ['admin'])
    assert.equal(await answer(admin, 'POST', '/admins'), [403, 'scope-missing', null])
    const none = await withScopes('')
    assert.equal(await answer(none, 'GET', '/query?a=1'), [403, 'scope-missing', 'orders:read'])
  })

  it('refuses a parameter that is given twice: no last one wins', async () => {
    assert.is((await client.ask('GET', '/query?a=1')).status, 200)
    assert.is((await client.ask('GET', '/query?a=1&a=2')).body.code, 'invalid-request')
    assert.is((await client.ask('GET', '/query?a=1&b=2')).body.code, 'invalid-request')
  })

  it('fails loudly in tests where its answer is not that of its contract', async () => {
    assert.is((await client.ask('POST', '/wrong')).body.code, 'internal')
  })

  it('gives every answer the correlation id, the caller’s own where it is safe to log', async () => {
    const kept = await client.ask('POST', '/signed-in', undefined, {
      'x-correlation-id': 'my-correlation',
    })
    assert.is(kept.headers.get('x-correlation-id'), 'my-correlation')
    assert.is(kept.body.correlationId, 'my-correlation')
    const unsafe = await client.ask('POST', '/signed-in', undefined, {
      'x-correlation-id': 'a b\tc{}',
    })
    assert.match(unsafe.headers.get('x-correlation-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.is((await client.ask('GET', '/nowhere')).body.code, 'not-found')
  })

  it('counts by its pattern', async () => {
    const { text } = await client.ask('GET', '/metrics')
    assert.match(text, /http_request_duration_seconds_count\{[^}]*route="\/signed-in",status="200"/)
  })
})
