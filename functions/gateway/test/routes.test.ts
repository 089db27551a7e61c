import * as assert from 'uvu/assert'
import table from '../../../contracts/public-routes.json' with { type: 'json' }
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { createRoutes, type PublicRoute } from '../routes.ts'
import { mirror, openGateway, sendRaw, type Gateway } from './support.ts'

const id = newId()

describe('the tree of routes', (it) => {
  const line = (method: PublicRoute['method'], path: string, more: Partial<PublicRoute> = {}) =>
    ({ method, path, owner: 'seating', access: 'anyone', bodyBytesMax: 9, ...more }) as const

  it('finds every line of the table by its own path', () => {
    const routes = createRoutes(table as PublicRoute[])
    for (const route of table as PublicRoute[]) {
      const path = route.path.replace(/:file\{.*\}/, `${id}.png`).replace(/:provider/, 'sandbox')
      assert.is(routes.find(route.method, path.replace(/:\w+/g, id)), route, route.path)
    }
  })

  it('prefers a name to a pattern and a pattern to any value, whatever their order', () => {
    const lines = [
      line('GET', '/v1/things/:id'),
      line('GET', '/v1/things/:file{.+\\.png}'),
      line('GET', '/v1/things/map'),
      line('POST', '/v1/things/:id/end'),
      line('GET', '/v1/things/map/:part'),
    ]
    for (const order of [lines, lines.toReversed()]) {
      const { find } = createRoutes(order)
      const path = (method: string, given: string) => find(method, given)?.path
      assert.is(path('GET', '/v1/things/map'), '/v1/things/map')
      assert.is(path('GET', '/v1/things/a.png'), '/v1/things/:file{.+\\.png}')
      assert.is(path('GET', '/v1/things/.png'), '/v1/things/:id')
      assert.is(path('GET', '/v1/things/a.pngx'), '/v1/things/:id')
      assert.is(path('POST', '/v1/things/map/end'), '/v1/things/:id/end')
      assert.is(path('GET', '/v1/things/map/end'), '/v1/things/map/:part')
      assert.is(path('GET', '/v1/things'), undefined)
      assert.is(path('GET', '/v1/things/'), undefined)
      assert.is(path('GET', '/v1/things/a/b'), undefined)
      assert.is(path('GET', 'v1/things/map'), undefined)
      assert.is(path('GET', '/V1/things/map'), undefined)
      assert.is(path('constructor', '/v1/things/map'), undefined)
    }
  })

  it('takes HEAD where GET is, but never for a stream', () => {
    const { find } = createRoutes([line('GET', '/a'), line('GET', '/b', { streams: true })])
    assert.is(find('HEAD', '/a')?.path, '/a')
    assert.is(find('HEAD', '/b'), undefined)
  })
})

describe('the door', (it) => {
  let gateway: Gateway
  const { listener, seen } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway({
        seating: listener,
        payments: listener,
        orders: listener,
        catalog: listener,
        tickets: listener,
      })),
  )
  it.after(() => gateway.close())

  it('passes what the table lists, with the query as it came', async () => {
    const query = 'city=Pune%20%2F&q=%00..//&q=a;b=c'
    const { status, body } = await gateway.ask('GET', `/v1/events?${query}`)
    assert.is(status, 200)
    assert.is(body.url, `/v1/events?${query}`)
    assert.is(body.headers.host, 'catalog.boxoffice.svc.cluster.local')
  })

  it('answers 404 for what is inside only, signed in or not', async () => {
    const authorization = `Bearer ${await accessToken(newId(), ['admin'])}`
    seen.length = 0
    for (const [method, path] of [
      ['POST', '/v1/seats/allocate'],
      ['PUT', '/v1/holds/x'],
      ['PUT', `/v1/holds/${id}`],
      ['DELETE', `/v1/holds/${id}`],
      ['POST', '/v1/payments/charge'],
      ['POST', '/'],
      ['GET', '/'],
      ['GET', '/debug/db'],
      ['GET', '/v1'],
      ['GET', '/v1/seats/'],
      ['GET', '/v1/unknown'],
    ] as const)
      for (const headers of [{}, { authorization }]) {
        const { status, body } = await gateway.ask(method, path, { headers })
        assert.is(status, 404, `${method} ${path}`)
        assert.is(body.code, 'not-found')
      }
    assert.is(seen.length, 0)
  })

  it('answers 405 with what a known path takes', async () => {
    for (const [method, path, allow] of [
      ['DELETE', '/v1/seats/map', 'GET, HEAD'],
      ['DELETE', '/v1/events', 'GET, HEAD, POST'],
      ['POST', `/v1/seats/${id}`, 'GET, HEAD'],
      ['PUT', `/v1/tickets/${id}.png`, 'GET, HEAD'],
      ['OPTIONS', '/v1/orders', 'GET, HEAD, POST'],
      ['GET', '/v1/seats/reserve', 'POST'],
      ['GET', '/v1/payments/intents', 'POST'],
    ] as const) {
      const { status, body, headers } = await gateway.ask(method, path)
      assert.is(status, 405, `${method} ${path}`)
      assert.is(body.code, 'method-not-allowed')
      assert.is(headers.get('allow'), allow)
      assert.equal(body.allow, allow.split(', '))
    }
  })

  it('refuses a path that the next one might read as another', async () => {
    seen.length = 0
    for (const path of [
      '//v1/events',
      '/v1//events',
      '/v1/seats/../events',
      '/v1/./events',
      '/v1/seats/..;/events',
      '/v1/seats;x=1/map',
      '/v1/seats/%2e%2e/events',
      '/v1/seats/%2E%2E%2Fevents',
      '/v1/seats%2fmap',
      '/v1/seats%5cmap',
      '/v1/seats\\map',
      '/v1/seats/%6dap',
      '/v1/s%65ats/map',
      '/v1/seats/%252e%252e',
      '/v1/seats/a%00',
      '/v1/seats/a%0d%0aX-User-Id:1',
      '/v1/seats/%',
      '/v1/seats/%zz',
      '/v1/seats/a%4',
      '/v1/seats/\u00e9',
      '/v1/seats/a#/../b',
      'http://127.0.0.1/v1/events',
      'v1/events',
      '*',
    ]) {
      const answer = await sendRaw(
        gateway.port,
        `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
      )
      assert.match(answer, /^HTTP\/1\.1 400 /, path)
      // Some of these are refused by Node's own parser, which has no words for it.
      if (answer.includes('problem+json')) assert.match(answer, '"code":"invalid-request"', path)
    }
    assert.is(seen.length, 0)
  })

  it('takes a value with characters that need their encoding', async () => {
    const { status, body } = await gateway.ask('GET', '/v1/events/a%20b%C3%A9%2Cc')
    assert.is(status, 200)
    assert.is(body.url, '/v1/events/a%20b%C3%A9%2Cc')
  })

  it('is quick with a path made to be slow', async () => {
    const start = performance.now()
    for (const path of [`/${'a'.repeat(12_000)}`, '/a'.repeat(6000), '/%20'.repeat(3000)])
      await gateway.ask('GET', `${path}\u00e9`)
    assert.ok(performance.now() - start < 500)
  })
})
