import { createServer, request } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting } from '../../../functions/_runtime/testing/services.ts'
import { ask, manifests, service, sleep, start, type Started } from './support.ts'

const piece = Buffer.alloc(64 * 1024, 'x')
const pieces = 400

async function* large() {
  for (let i = 0; i < pieces; i++) yield piece
}

describe('the ingress', (it) => {
  let emulator: Started
  const beside = createServer((incoming, outgoing) => {
    if (incoming.url === '/cut')
      return void outgoing.writeHead(200).write('half', () => outgoing.destroy())
    if (incoming.url === '/large') return void Readable.from(large()).pipe(outgoing)
    if (incoming.url === '/refuse') return void outgoing.writeHead(413).end('no')
    outgoing.end(`mail ${incoming.url}`)
  })
  it.before(async () => {
    await new Promise<void>((resolve) => beside.listen(0, '127.0.0.1', resolve))
    const { port } = beside.address() as AddressInfo
    emulator = await start({
      manifests: manifests({
        'a.yaml': ['gateway', 'orders', 'far', 'gone'].map((name) => service(name)).join('---'),
      }),
      sidecars: { mail: port },
      addresses: { far: `127.0.0.1:${port}`, gone: '127.0.0.1:9' },
    })
  })
  it.after(async () => {
    await emulator.stop()
    beside.close()
    await endTesting()
  })

  it('finds a function by its names, and the gateway by those of the machine', async () => {
    const serviceOf = async (host: string) =>
      (await ask(emulator.url, host)).body.environment.K_SERVICE
    for (const host of [
      'orders.localhost:8080',
      'orders.boxoffice.svc.cluster.local',
      'orders.boxoffice',
      'ORDERS.localhost',
    ])
      assert.is(await serviceOf(host), 'orders', host)
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:8080'])
      assert.is(await serviceOf(host), 'gateway', host)
  })

  it('hands other names to their sidecar or attached function, and knows no more', async () => {
    assert.is((await ask(emulator.url, 'mail.localhost', '/x')).text, 'mail /x')
    assert.is((await ask(emulator.url, 'far.localhost', '/y')).text, 'mail /y')
    const { status, body } = await ask(emulator.url, 'evil.example')
    assert.is(status, 404)
    assert.is(body.code, 'not-found')
    const gone = await ask(emulator.url, 'gone.localhost')
    assert.is(gone.status, 502)
    assert.is(gone.body.code, 'function-unreachable')
  })

  it('says what it sees itself of who asks, whatever the client says', async () => {
    const { body } = await ask(emulator.url, 'orders.localhost', '/', {
      headers: {
        'x-forwarded-for': '8.8.8.8',
        'X-Forwarded-Proto': 'https',
        'x-forwarded-host': 'evil',
        forwarded: 'for=8.8.8.8',
      },
    })
    assert.is(body.headers['x-forwarded-for'], '127.0.0.1')
    assert.is(body.headers['x-forwarded-proto'], 'http')
    assert.is(body.headers['x-forwarded-host'], 'orders.localhost')
    assert.is(body.headers.forwarded, 'for=127.0.0.1;host="orders.localhost";proto=http')
  })

  it('keeps headers of one connection to that connection', async () => {
    const { body, headers } = await ask(emulator.url, 'orders.localhost', '/', {
      headers: { connection: 'close, x-secret', 'x-secret': '1', te: 'trailers', 'x-kept': '2' },
    })
    assert.is(body.headers['x-secret'], undefined)
    assert.is(body.headers.te, undefined)
    assert.is(body.headers['x-kept'], '2')
    assert.is(headers['keep-alive'], undefined)
  })

  it('hands bodies through: small, large, and of unknown length', async () => {
    const bodyOf = async (body: string, headers: Record<string, string> = {}) =>
      (await ask(emulator.url, 'orders.localhost', '/', { method: 'POST', body, headers })).body
        .body
    assert.is(await bodyOf('é'), 'é')
    assert.is(await bodyOf('x'.repeat(3_000_000)), 3_000_000)
    const chunked = { 'transfer-encoding': 'chunked' }
    assert.is(await bodyOf('abc', chunked), 'abc')
    assert.is(await bodyOf('y'.repeat(500_000), chunked), 500_000)
  })

  it('hands a stream through as it comes, and ends it at the function when the client leaves', async () => {
    const times: number[] = []
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(
        `${emulator.url}/stream`,
        { headers: { host: 'orders.localhost' } },
        (incoming) => {
          times.push(performance.now())
          incoming.on('error', () => resolve())
          incoming.on('data', () => {
            times.push(performance.now())
            if (times.length === 6) outgoing.destroy()
          })
        },
      )
      outgoing.on('close', resolve)
      outgoing.on('error', reject)
      outgoing.end()
    })
    const [head = 0, first = 0] = times
    assert.ok(first - head > 25, 'the head waited for the first piece')
    assert.ok((times.at(-1) ?? 0) - first > 120, 'the pieces did not come one by one')
    await sleep(100)
    assert.is(emulator.status().orders?.processes[0]?.inFlight, 0)
  })

  it('holds a function back while its client is slow, and loses nothing', async () => {
    const length = await new Promise<number>((resolve, reject) => {
      const headers = { host: 'mail.localhost' }
      const outgoing = request(`${emulator.url}/large`, { headers }, (incoming) => {
        let read = 0
        setTimeout(() => incoming.on('data', (chunk: Buffer) => (read += chunk.length)), 200)
        incoming.on('end', () => resolve(read))
      })
      outgoing.on('error', reject).end()
    })
    assert.is(length, pieces * piece.length)
  })

  it('cuts off who is slow to ask: headers at five seconds, a small body at ten', async () => {
    const cut = async (text: string) => {
      const began = performance.now()
      return { answer: await raw(text), ms: performance.now() - began }
    }
    const [head, body] = await Promise.all([
      cut('GET / HTTP/1.1\r\nhost: orders.localhost\r\nx-slow: '),
      cut('POST / HTTP/1.1\r\nhost: orders.localhost\r\ncontent-length: 10\r\n\r\n{'),
    ])
    assert.match(head.answer, /^HTTP\/1\.1 408 /)
    assert.ok(head.ms > 4500 && head.ms < 9500, `${head.ms} ms`)
    assert.match(body.answer, /^HTTP\/1\.1 408 /)
    assert.match(body.answer, '"code":"request-too-slow"')
    assert.ok(body.ms > 9500 && body.ms < 15_000, `${body.ms} ms`)
  })

  it('breaks off where the function broke off, and passes an early refusal on', async () => {
    const cut = await ask(emulator.url, 'mail.localhost', '/cut').then(
      () => 'whole',
      () => 'broken',
    )
    assert.is(cut, 'broken')
    const body = 'z'.repeat(5_000_000)
    const refused = await ask(emulator.url, 'mail.localhost', '/refuse', { method: 'POST', body })
    assert.is(refused.status, 413)
    assert.is((await ask(emulator.url, 'mail.localhost', '/z')).text, 'mail /z')
  })

  it('answers HEAD without a body and keeps the connection usable', async () => {
    const answer = await raw(
      'HEAD / HTTP/1.1\r\nhost: orders.localhost\r\n\r\nGET /2 HTTP/1.1\r\nhost: mail.localhost\r\nconnection: close\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*mail \/2/)
  })

  it('refuses requests that two servers could read differently', async () => {
    const answer = await raw(
      'POST / HTTP/1.1\r\nhost: orders.localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nX',
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
  })

  it('tells its status under emulator.localhost', async () => {
    const { body } = await ask(emulator.url, 'emulator.localhost')
    assert.is(body.functions.orders.scale, 1)
    assert.equal(body.broker, { backlog: {}, undeliverable: 0 })
  })

  /** What comes back for these bytes, until the server closes or half a second is over. */
  function raw(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let text = ''
      const socket = connect(Number(new URL(emulator.url).port), '127.0.0.1', () =>
        socket.write(bytes),
      )
      socket.setTimeout(20_000, () => socket.destroy())
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
  }
})
