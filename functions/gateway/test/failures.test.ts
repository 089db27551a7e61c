import { request, type RequestListener, type Server } from 'node:http'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { listen, mirror, openGateway, portOf, shut, until, type Gateway } from './support.ts'

describe('a slow function', (it) => {
  let gateway: Gateway
  let asked = 0
  let abandoned = 0
  it.before(async () => {
    const slow: RequestListener = (_, outgoing) => {
      asked += 1
      outgoing.on('close', () => (abandoned += outgoing.writableFinished ? 0 : 1))
    }
    const halfway: RequestListener = (_, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 10 }).write('half')
    }
    gateway = await openGateway(
      { orders: slow, users: slow, catalog: halfway },
      { REQUEST_SECONDS: '0.3' },
    )
  })
  it.after(() => gateway.close())

  it('is given the time that is left and no more: 504, and the effect is unknown', async () => {
    abandoned = 0
    const start = performance.now()
    const { status, body, headers } = await gateway.ask('POST', '/v1/auth/login', { body: '{}' })
    const ms = performance.now() - start
    assert.ok(ms > 250 && ms < 1000, `${ms} ms`)
    assert.is(status, 504)
    assert.is(body.code, 'time-limit')
    assert.match(body.detail, /unknown\. Send it again with the same Idempotency-Key/)
    assert.is(headers.get('x-correlation-id'), body.correlationId)
    assert.ok(await until(() => abandoned === 1), 'the function sees that nobody waits any more')
  })

  it('that stops in the middle of its answer leaves the client with a broken one', async () => {
    const broken = await gateway.ask('GET', '/v1/events').then(
      () => 'whole',
      () => 'broken',
    )
    assert.is(broken, 'broken')
  })

  it('is left as soon as the client leaves', async () => {
    asked = 0
    abandoned = 0
    const client = request({
      port: gateway.port,
      host: '127.0.0.1',
      path: '/v1/auth/login',
      method: 'POST',
    })
    client.on('error', () => {})
    client.end('{}')
    assert.ok(await until(() => asked === 1))
    const start = performance.now()
    client.destroy()
    assert.ok(await until(() => abandoned === 1))
    assert.ok(performance.now() - start < 150, 'long before the time limit')
    assert.is(gateway.deps.crowd.count, 0)
  })
})

describe('a function that is away', (it) => {
  let gateway: Gateway
  let port = 0
  const { listener, seen } = mirror()
  const open: Server[] = []
  it.before(async () => {
    // A port that nobody listens at, for the time being.
    const placeholder = await listen(listener)
    port = portOf(placeholder)
    await shut(placeholder)
    gateway = await openGateway({}, { FUNCTION_ADDRESSES: `users=127.0.0.1:${port}` })
  })
  it.after(async () => {
    await Promise.all(open.map(shut))
    await gateway.close()
  })

  it('is asked three times and then not again: 502, and nothing was sent', async () => {
    const start = performance.now()
    const { status, body } = await gateway.ask('POST', '/v1/users', { body: '{}' })
    assert.is(status, 502)
    assert.is(body.code, 'function-unreachable')
    assert.is(body.detail, 'Nothing was sent; try again')
    const ms = performance.now() - start
    assert.ok(ms > 40 && ms < 2000, `${ms} ms`)
  })

  it('and comes back meanwhile gets the request whole', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(20_000) })
    const failed = async () =>
      (await gateway.deps.metrics.callsFailed.get()).values.reduce(
        (sum, { value }) => sum + value,
        0,
      )
    const before = await failed()
    assert.is(before, 3)
    const answer = gateway.ask('POST', '/v1/users', { body })
    while ((await failed()) === before) await new Promise((resolve) => setTimeout(resolve, 1))
    open.push(await listen(listener, port))
    assert.is((await answer).status, 200)
    assert.is(seen.length, 1)
    assert.is(seen[0]?.body, body)
  })

  it('whose name cannot be resolved is away as well', async () => {
    const lost = await openGateway({}, { NAMESPACE: 'nowhere.invalid' })
    const { status, body } = await lost.ask('GET', '/v1/events')
    assert.is(status, 502)
    assert.is(body.code, 'function-unreachable')
    await lost.close()
  })
})

describe('a function that breaks off', (it) => {
  let gateway: Gateway
  let requests = 0
  it.before(async () => {
    const dies: RequestListener = (incoming, outgoing) => {
      requests += 1
      incoming.resume().on('end', () => outgoing.destroy())
    }
    const diesHalfway: RequestListener = (_, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 10 }).write('half')
      setTimeout(() => outgoing.destroy(), 20)
    }
    gateway = await openGateway({
      users: dies,
      catalog: (incoming, outgoing) =>
        incoming.url === '/v1/events' ? dies(incoming, outgoing) : diesHalfway(incoming, outgoing),
    })
  })
  it.after(() => gateway.close())

  it('once it was sent something that may have had an effect is not asked again: 502', async () => {
    for (const rest of [{ body: '{}' }, {}]) {
      requests = 0
      const { status, body } = await gateway.ask('POST', '/v1/users', rest)
      assert.is(status, 502)
      assert.is(body.code, 'function-unreachable')
      assert.match(body.detail, /effect is unknown\. Send it again with the same Idempotency-Key/)
      assert.is(requests, 1)
    }
  })

  it('is asked again, three times in all, for what only reads', async () => {
    requests = 0
    assert.is((await gateway.ask('GET', '/v1/events')).status, 502)
    assert.is(requests, 3)
  })

  it('in the middle of its answer leaves the client with a broken one', async () => {
    const broken = await gateway.ask('GET', '/v1/venues').then(
      () => 'whole',
      () => 'broken',
    )
    assert.is(broken, 'broken')
  })
})

describe('too many requests at once', (it) => {
  it('are refused with 503, and the others are answered', async () => {
    const waiting: (() => void)[] = []
    const gateway = await openGateway(
      { catalog: (_, outgoing) => void waiting.push(() => outgoing.end('{}')) },
      { REQUESTS_AT_ONCE: '2' },
    )
    const first = [gateway.ask('GET', '/v1/events'), gateway.ask('GET', '/v1/events')]
    assert.ok(await until(() => waiting.length === 2))
    const { status, body, headers } = await gateway.ask('GET', '/v1/events')
    assert.is(status, 503)
    assert.is(body.code, 'busy')
    assert.is(headers.get('retry-after'), '1')
    for (const answer of waiting) answer()
    assert.equal(
      (await Promise.all(first)).map((one) => one.status),
      [200, 200],
    )
    await gateway.close()
  })

  it('for one slow function take no connection from another', async () => {
    const { listener } = mirror()
    const gateway = await openGateway(
      { catalog: () => {}, seating: listener },
      { CONNECTIONS_PER_FUNCTION: '2', REQUEST_SECONDS: '1' },
    )
    const stuck = Array.from({ length: 5 }, () => gateway.ask('GET', '/v1/events'))
    const start = performance.now()
    assert.is((await gateway.ask('GET', '/v1/seats')).status, 200)
    assert.ok(performance.now() - start < 500)
    assert.equal(new Set((await Promise.all(stuck)).map((one) => one.status)), new Set([504]))
    await gateway.close()
  })
})

describe('a stream', (it) => {
  let gateway: Gateway
  let left = 0
  let next = () => {}
  it.before(async () => {
    gateway = await openGateway(
      {
        seating: (_, outgoing) => {
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
          let number = 0
          next = () => void outgoing.write(`data: ${++number}\n\n`)
          outgoing.on('close', () => (left += 1))
        },
        orders: () => {},
      },
      { REQUEST_SECONDS: '0.2' },
    )
  })
  it.after(() => gateway.close())

  it('passes each event when it comes, outlives the time limit, and ends with its reader', async () => {
    const response = await fetch(
      `http://127.0.0.1:${gateway.port}/v1/seats/stream?eventId=${newId()}`,
    )
    assert.is(response.status, 200)
    assert.is(response.headers.get('content-type'), 'text/event-stream')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (let number = 1; number <= 4; number++) {
      next()
      const { value } = await reader.read()
      assert.is(new TextDecoder().decode(value), `data: ${number}\n\n`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.is(left, 0)
    await reader.cancel()
    assert.ok(await until(() => left === 1))
    assert.ok(await until(() => gateway.deps.crowd.count === 0))
  })

  it('that does not begin is refused like any other request', async () => {
    const headers = { authorization: `Bearer ${await accessToken(newId())}` }
    const { status, body } = await gateway.ask('GET', `/v1/orders/${newId()}/stream`, { headers })
    assert.is(status, 504)
    assert.is(body.code, 'time-limit')
  })
})
