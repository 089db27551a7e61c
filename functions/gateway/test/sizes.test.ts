import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { mirror, openGateway, sendRaw, until, type Gateway } from './support.ts'

describe('a request that is too much', (it) => {
  let gateway: Gateway
  let bearer = ''
  const { listener, seen } = mirror()
  const waiting: (() => void)[] = []
  it.before(async () => {
    gateway = await openGateway(
      {
        orders: listener,
        users: listener,
        catalog: listener,
        seating: (_, outgoing) => void waiting.push(() => outgoing.end('{}')),
      },
      { BODIES_MIB: '1' },
    )
    bearer = `authorization: Bearer ${await accessToken(newId())}\r\n`
  })
  it.after(() => gateway.close())

  const raw = (head: string, rest = '', ms = 2000) =>
    sendRaw(gateway.port, `${head}host: a\r\nconnection: close\r\n${rest}`, ms)

  it('in its headers is 431, by their bytes and by their number', async () => {
    seen.length = 0
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => `x-${i}: 1\r\n`).join('')
    for (const [what, answer] of Object.entries({
      'a long value': await raw(
        `GET /v1/events HTTP/1.1\r\nx-long: ${'x'.repeat(17_000)}\r\n`,
        '\r\n',
      ),
      'a long target': await raw(`GET /v1/events?q=${'x'.repeat(65_536)} HTTP/1.1\r\n`, '\r\n'),
      'two thousand': await raw(`GET /v1/events HTTP/1.1\r\n${many(2000)}`, '\r\n'),
      'one hundred': await raw(`GET /v1/events HTTP/1.1\r\n${many(100)}`, '\r\n'),
    })) {
      assert.match(answer, /^HTTP\/1\.1 431 /, what)
      assert.match(answer, '"code":"headers-too-large"', what)
    }
    assert.is(seen.length, 0)
    assert.match(await raw(`GET /v1/events HTTP/1.1\r\n${many(98)}`, '\r\n'), /^HTTP\/1\.1 200 /)
  })

  it('in its body is 413 before it is sent, where the client asks first', async () => {
    const ask = (length: number, headers = bearer) =>
      raw(
        `POST /v1/orders HTTP/1.1\r\n${headers}content-length: ${length}\r\nexpect: 100-continue\r\n`,
        '\r\n',
        300,
      )
    assert.match(await ask(65_537), /^HTTP\/1\.1 413 /)
    assert.match(await ask(2, ''), /^HTTP\/1\.1 401 /)
    assert.match(await ask(2), /^HTTP\/1\.1 100 Continue\r\n/)
    seen.length = 0
    const socket = connect(gateway.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    socket.write(
      `POST /v1/orders HTTP/1.1\r\nhost: a\r\n${bearer}content-length: 2\r\nexpect: 100-continue\r\n\r\n`,
    )
    assert.ok(await until(() => answer.includes('100 Continue')))
    socket.write('{}')
    assert.ok(await until(() => answer.includes('200 OK')))
    socket.destroy()
    assert.is(seen[0]?.body, '{}')
    assert.is(seen[0]?.headers.expect, undefined)
  })

  it('without a length is cut off when it has been enough', async () => {
    seen.length = 0
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const answer = await raw(
      `POST /v1/orders HTTP/1.1\r\n${bearer}transfer-encoding: chunked\r\n`,
      `\r\n${chunk.repeat(160)}0\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.is(seen.length, 0)
    assert.ok(await until(() => gateway.deps.shelf.bytes === 0))
  })

  it('once it is unpacked is not unpacked here', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    seen.length = 0
    const { status } = await gateway.ask('POST', '/v1/orders', {
      body: bomb,
      headers: {
        'content-encoding': 'gzip',
        'content-type': 'application/json',
        authorization: bearer.slice(15, -2),
      },
    })
    assert.is(status, 200)
    assert.is(seen[0]?.body.length, bomb.length)
    assert.is(seen[0]?.headers['content-encoding'], 'gzip')
  })

  it('together with others is 503, and what is in the house goes on', async () => {
    const half = (length: number) => {
      const socket = connect(gateway.port, '127.0.0.1')
      const body = 'x'.repeat(length)
      socket.write(
        `POST /v1/orders HTTP/1.1\r\nhost: a\r\n${bearer}content-length: 65536\r\n\r\n${body}`,
      )
      let answer = ''
      socket.on('data', (chunk) => (answer += chunk)).on('error', () => {})
      return { socket, answer: () => answer }
    }
    const slow = Array.from({ length: 20 }, () => half(60_000))
    assert.ok(await until(() => slow.some(({ answer }) => answer().includes('"code":"busy"'))))
    const refused = slow.filter(({ answer }) => answer() !== '')
    assert.ok(refused.length < 10)
    for (const { socket } of slow) socket.destroy()
    assert.ok(await until(() => gateway.deps.shelf.bytes === 0))
    const { status } = await gateway.ask('GET', '/v1/events')
    assert.is(status, 200)
  })

  it('behind others that are not answered yet is 503: a connection has sixteen at once', async () => {
    const one = 'GET /v1/seats HTTP/1.1\r\nhost: a\r\n\r\n'
    let answer = ''
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(one.repeat(40)))
    socket.on('data', (chunk) => (answer += chunk))
    assert.ok(await until(() => waiting.length === 16))
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.is(waiting.length, 16)
    for (const go of waiting.splice(0)) go()
    assert.ok(await until(() => answer.split('"code":"busy"').length === 25))
    assert.is(answer.split('HTTP/1.1 200 ').length, 17)
    socket.destroy()
  })
})

describe('a method', (it) => {
  let gateway: Gateway
  const { listener, seen } = mirror()
  it.before(async () => (gateway = await openGateway({ catalog: listener, orders: listener })))
  it.after(() => gateway.close())
  const first = async (line: string, headers = '') =>
    sendRaw(gateway.port, `${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}\r\n`)

  it('that the path does not take is 405 with those that it takes; one that is none is 400', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await first(`${method} /v1/events`)
      assert.match(answer, /^HTTP\/1\.1 405 /, method)
      assert.match(answer, /\r\nallow: GET, HEAD, POST\r\n/, method)
    }
    for (const method of ['JEFF', 'get', 'GET\u0000', '{}'])
      assert.match(await first(`${method} /v1/events`), /^HTTP\/1\.1 400 /, method)
    assert.is(seen.length, 0)
  })

  it('is the one of the first line, whatever a header says', async () => {
    const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
    const headers = overrides.map((name) => `${name}: DELETE\r\n`).join('')
    assert.match(await first('GET /v1/events?_method=DELETE', headers), /^HTTP\/1\.1 200 /)
    assert.is(seen[0]?.method, 'GET')
    for (const name of overrides) assert.is(seen[0]?.headers[name], undefined)
  })

  it('and its key are named once', async () => {
    const bearer = `authorization: Bearer ${await accessToken(newId())}\r\n`
    const keys = 'idempotency-key: "a"\r\nIdempotency-Key: "b"\r\n'
    assert.match(await first('POST /v1/orders', bearer + keys), /^HTTP\/1\.1 400 /)
    for (const key of ['"quoted"', 'bare', 'x'.repeat(256), '" or 1=1 --']) {
      seen.length = 0
      await first('POST /v1/orders', `${bearer}idempotency-key: ${key}\r\n`)
      assert.is(seen[0]?.headers['idempotency-key'], key, 'as it came: orders judges it')
    }
  })

  it('with a body that means mischief is passed as it is: nothing here is built from it', async () => {
    const polluted =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"email":{"$ne":null}}'
    const users = await openGateway({ users: listener })
    for (const path of ['/v1/auth/login', '/v1/users'])
      for (const body of [
        polluted,
        '{',
        '',
        '[]',
        'null',
        '{"email":1e400}',
        '\ufeff{}',
        '['.repeat(30_000),
      ]) {
        seen.length = 0
        const { status } = await users.ask('POST', path, { body })
        assert.is(status, 200, body.slice(0, 40))
        assert.is(seen.length, 1)
      }
    assert.is(({} as { polluted?: number }).polluted, undefined)
    await users.close()
  })
})
