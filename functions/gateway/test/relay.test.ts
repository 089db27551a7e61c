import { createHash, randomBytes } from 'node:crypto'
import { request, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { mirror, openGateway, sendRaw, until, type Gateway } from './support.ts'

describe('headers', (it) => {
  let gateway: Gateway
  const { listener, seen } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway({
        catalog: listener,
        users: listener,
        payments: (_, outgoing) =>
          outgoing
            .writeHead(201, {
              server: 'somebody',
              'x-powered-by': 'something',
              'x-correlation-id': 'from-the-function',
              'cache-control': 'public, max-age=300',
              'set-cookie': ['a=1', 'b=2'],
              location: '/v1/x',
            })
            .end('{}'),
      })),
  )
  it.after(() => gateway.close())

  it('from outside say neither who somebody is nor that this is a CloudEvent', async () => {
    const inside = {
      'x-user-id': 'admin',
      'X-User-Roles': 'admin',
      'x-boxoffice-function': 'orders',
      'ce-id': '1',
      'Ce-Type': 'x',
      'kn-namespace': 'x',
      'knative-serving-tag': 'candidate',
      'k-network-probe': 'x',
      'x-deadline-ms': '1',
      'proxy-authorization': 'Basic x',
      te: 'trailers',
    }
    const kept = {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      accept: 'application/json',
      'accept-language': 'hi',
      'if-none-match': '"1"',
      'idempotency-key': '"x"',
      cookie: 'a=1; b=2',
      prefer: 'respond-async',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      'x-custom': 'kept',
    }
    const misleading = {
      forwarded: 'for=203.0.113.9',
      'x-real-ip': '203.0.113.9',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/v1/seats/allocate',
    }
    const { body } = await gateway.ask('GET', '/v1/events', {
      headers: { ...inside, ...kept, ...misleading },
    })
    for (const name of Object.keys(inside).filter((one) => one !== 'x-deadline-ms'))
      assert.is(body.headers[name.toLowerCase()], undefined, name)
    for (const name of Object.keys(misleading)) assert.is(body.headers[name], undefined, name)
    for (const [name, value] of Object.entries(kept)) assert.is(body.headers[name], value)
    const deadlineMs = Number(body.headers['x-deadline-ms'])
    assert.ok(deadlineMs > 24_000 && deadlineMs <= 25_000, `${deadlineMs} ms`)
  })

  it('that Connection names stay on this side', async () => {
    seen.length = 0
    await sendRaw(
      gateway.port,
      'GET /v1/events HTTP/1.1\r\nhost: a\r\nx-one: 1\r\nx-two: 2\r\nconnection: close, X-One\r\n\r\n',
    )
    assert.is(seen[0]?.headers['x-one'], undefined)
    assert.is(seen[0]?.headers['x-two'], '2')
  })

  it('carry the correlation id there and back, a new one where the given is not safe', async () => {
    const given = await gateway.ask('GET', '/v1/events', {
      headers: { 'x-correlation-id': 'order-2026-11-20' },
    })
    assert.is(given.body.headers['x-correlation-id'], 'order-2026-11-20')
    assert.is(given.headers.get('x-correlation-id'), 'order-2026-11-20')
    for (const unsafe of ['short', 'x'.repeat(65), 'with space here', '${jndi:ldap}'.repeat(2)]) {
      const { body, headers } = await gateway.ask('GET', '/v1/events', {
        headers: { 'x-correlation-id': unsafe },
      })
      assert.match(body.headers['x-correlation-id'], /^[0-9a-f-]{36}$/)
      assert.is(headers.get('x-correlation-id'), body.headers['x-correlation-id'])
    }
    const refused = await gateway.ask('GET', '/v1/nothing', {
      headers: { 'x-correlation-id': 'refused-0001' },
    })
    assert.is(refused.headers.get('x-correlation-id'), 'refused-0001')
    assert.is(refused.body.correlationId, 'refused-0001')
    assert.is(refused.body.instance, '/v1/nothing')
    assert.is(refused.body.type, 'urn:boxoffice:problem:not-found')
  })

  it('of every answer are safe, and those of the function stay otherwise', async () => {
    const answers = [
      await gateway.ask('GET', '/v1/events'),
      await gateway.ask('GET', '/v1/nothing'),
      await gateway.ask('POST', '/v1/payments/webhooks/sandbox', { body: '{}' }),
    ]
    for (const { headers } of answers) {
      assert.is(headers.get('x-content-type-options'), 'nosniff')
      assert.is(headers.get('referrer-policy'), 'no-referrer')
      assert.is(
        headers.get('content-security-policy'),
        "default-src 'none'; frame-ancestors 'none'",
      )
      for (const name of ['server', 'x-powered-by']) assert.is(headers.get(name), null)
    }
    const [read, refused, webhook] = answers
    assert.is(read?.headers.get('cache-control'), 'no-store')
    assert.is(refused?.headers.get('cache-control'), 'no-store')
    assert.is(webhook?.status, 201)
    assert.is(webhook?.headers.get('cache-control'), 'public, max-age=300')
    assert.is(webhook?.headers.get('location'), '/v1/x')
    assert.equal(webhook?.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.is.not(webhook?.headers.get('x-correlation-id'), 'from-the-function')
  })
})

describe('bodies', (it) => {
  const big = randomBytes(5_000_000)
  const sha = (bytes: Buffer | ArrayBuffer) =>
    createHash('sha256')
      .update(Buffer.from(bytes as Buffer))
      .digest('hex')
  const bytesMax = 65_536
  const streamedBytesMax = 1_048_576
  let gateway: Gateway
  const { listener, seen } = mirror()
  const endless = 200_000_000
  let produced = 0
  function* produce() {
    for (; produced < endless; produced += 100_000) yield Buffer.alloc(100_000)
  }
  let asked = 0
  let cutOff = 0
  /** The only routes that take so much that it is streamed. */
  const venues: RequestListener = (incoming, outgoing) => {
    asked += 1
    incoming.on('close', () => (cutOff += incoming.complete ? 0 : 1))
    if (incoming.method === 'PATCH') outgoing.writeHead(429).end('early')
    else listener(incoming, outgoing)
  }
  it.before(
    async () =>
      (gateway = await openGateway({
        orders: listener,
        users: (_, outgoing) => void outgoing.writeHead(204).end(),
        catalog: (incoming, outgoing) => {
          if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
            return venues(incoming, outgoing)
          outgoing.setHeader('etag', '"1"')
          if (incoming.headers['if-none-match'] === '"1"') outgoing.writeHead(304).end()
          else outgoing.writeHead(200, { 'content-length': big.length }).end(big)
        },
        seating: ({ url }, outgoing) =>
          url === '/v1/seats/map' ? Readable.from(produce()).pipe(outgoing) : outgoing.end(big),
      })),
  )
  it.after(() => gateway.close())

  const send = async (body: string, more: RequestInit = {}, path = '/v1/orders') =>
    gateway.ask('POST', path, {
      body,
      ...more,
      headers: {
        authorization: `Bearer ${await accessToken(newId(), ['organizer'])}`,
        'content-type': 'application/json',
      },
    })
  const chunked = (...chunks: string[]): RequestInit => ({
    body: ReadableStream.from(chunks.map((chunk) => Buffer.from(chunk))),
    duplex: 'half',
  })

  it('pass as they came, announced or chunked, up to the limit of the route', async () => {
    for (const [path, max, framing] of [
      ['/v1/orders', bytesMax, undefined],
      ['/v1/venues', streamedBytesMax, 'chunked'],
    ] as const) {
      const { body } = await send('{"a":"\u00e9"}', {}, path)
      assert.is(Buffer.from(body.body, 'latin1').toString(), '{"a":"\u00e9"}')
      assert.is(body.headers['content-length'], '10')
      const parts = await send('', chunked('{"a"', ':1}'), path)
      assert.is(parts.body.body, '{"a":1}')
      assert.is(parts.body.headers['transfer-encoding'], framing)
      const full = await send('x'.repeat(max), {}, path)
      assert.is(full.body.body.length, max)
      const inParts = await send('', chunked('x'.repeat(40_000), 'x'.repeat(max - 40_000)), path)
      assert.is(inParts.body.body.length, max)
    }
  })

  it('over the limit are refused: announced before anything is sent, chunked while they come', async () => {
    seen.length = 0
    for (const [path, max] of [
      ['/v1/orders', bytesMax],
      ['/v1/venues', streamedBytesMax],
    ] as const) {
      const announced = await send('x'.repeat(max + 1), {}, path)
      assert.is(announced.status, 413)
      assert.is(announced.body.code, 'body-too-large')
      assert.is(announced.body.bytesMax, max)
      const tenParts = Array.from({ length: 11 }, () => 'x'.repeat(max / 10))
      const parts = await send('', chunked(...tenParts), path)
      assert.is(parts.status, 413)
      assert.is(parts.body.code, 'body-too-large')
    }
    assert.is(seen.length, 0)
  })

  it('over the limit are cut off at the function as well, or never begin there', async () => {
    cutOff = 0
    asked = 0
    const tenParts = Array.from({ length: 10 }, () => 'x'.repeat(200_000))
    assert.is((await send('', chunked(...tenParts), '/v1/venues')).status, 413)
    assert.ok(await until(() => cutOff === 1))
    asked = 0
    const bearer = `authorization: Bearer ${await accessToken(newId(), ['organizer'])}\r\n`
    for (const [path, max] of [
      ['/v1/orders', bytesMax],
      ['/v1/venues', streamedBytesMax],
    ] as const) {
      const head = `POST ${path} HTTP/1.1\r\nhost: a\r\n${bearer}content-length: ${max + 1}\r\n\r\n{`
      assert.match(await sendRaw(gateway.port, head, 200), /^HTTP\/1\.1 413 /)
    }
    assert.is(asked, 0)
  })

  it('that are small keep no function waiting: it hears of them when they are whole', async () => {
    const before = seen.length
    const socket = connect(gateway.port, '127.0.0.1')
    const head = `POST /v1/orders HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${await accessToken(newId())}\r\n`
    socket.write(`${head}content-length: 10\r\n\r\nhalf`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.is(seen.length, before)
    assert.is(gateway.deps.shelf.bytes, 4)
    socket.write(' whole')
    assert.ok(await until(() => seen.length === before + 1))
    assert.is(seen.at(-1)?.body, 'half whole')
    assert.ok(await until(() => gateway.deps.shelf.bytes === 0))
    socket.destroy()
  })

  it('may be answered before they are read, and then nothing is kept open for them', async () => {
    const authorization = `Bearer ${await accessToken(newId(), ['organizer'])}`
    const path = `/v1/venues/${newId()}`
    const { status, text } = await gateway.ask('PATCH', path, {
      body: 'x'.repeat(60_000),
      headers: { authorization },
    })
    assert.is(status, 429)
    assert.is(text, 'early')
    const half = `PATCH ${path} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: 100\r\n\r\nhalf`
    assert.match(await sendRaw(gateway.port, half, 200), /^HTTP\/1\.1 429 /)
    const { sockets } = gateway.deps.upstreams.of('catalog').requests
    assert.ok(await until(() => Object.keys(sockets).length === 0))
  })

  it('of answers pass whole, with and without their length, or there are none', async () => {
    const get = (path: string, headers = {}) =>
      fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers })
    const known = await get('/v1/events')
    assert.is(known.headers.get('content-length'), String(big.length))
    assert.is(sha(await known.arrayBuffer()), sha(big))
    const unknown = await get(`/v1/seats/${newId()}`)
    assert.is(sha(await unknown.arrayBuffer()), sha(big))
    assert.is((await get('/v1/events', { 'if-none-match': '"1"' })).status, 304)
    const none = await gateway.ask('POST', '/v1/auth/logout')
    assert.is(none.status, 204)
    const head = await fetch(`http://127.0.0.1:${gateway.port}/v1/events`, { method: 'HEAD' })
    assert.is(head.headers.get('content-length'), String(big.length))
    assert.is(await head.text(), '')
  })

  it('of answers are not piled up for a client that does not read', async () => {
    produced = 0
    const slow = request({ port: gateway.port, host: '127.0.0.1', path: '/v1/seats/map' })
    slow.on('response', (answer) => answer.pause()).end()
    // Until nothing more is produced for a while: the buffers of two connections are full.
    let before = -1
    while (produced !== before) {
      before = produced
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    slow.destroy()
    assert.ok(produced > 0 && produced < endless / 2, `${produced} of ${endless} bytes`)
  })
})
