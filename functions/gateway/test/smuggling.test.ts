import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { mirror, openGateway, sendRaw, type Gateway } from './support.ts'

const hidden = 'POST /v1/seats/allocate HTTP/1.1\r\nhost: seating\r\ncontent-length: 2\r\n\r\n{}'

describe('a request inside a request', (it) => {
  let gateway: Gateway
  let bearer: string
  const { listener, seen } = mirror()
  it.before(async () => {
    gateway = await openGateway({ seating: listener, orders: listener, users: listener })
    bearer = `authorization: Bearer ${await accessToken(newId())}\r\n`
  })
  it.after(() => gateway.close())

  /** What reached a function, after the bytes and one honest request behind them. */
  async function reached(text: string): Promise<{ answer: string; paths: string[] }> {
    seen.length = 0
    const answer = await sendRaw(gateway.port, text, 300)
    await gateway.ask('GET', '/v1/seats')
    return { answer, paths: seen.map(({ method, url }) => `${method} ${url}`) }
  }

  it('is not taken from heads that can be read in two ways', async () => {
    const length = 'content-length: 4\r\n'
    for (const [what, head] of Object.entries({
      'a length and chunks': `${length}transfer-encoding: chunked\r\n`,
      'chunks and a length': `transfer-encoding: chunked\r\n${length}`,
      'two lengths': `${length}content-length: 5\r\n`,
      'a length with a sign': 'content-length: +4\r\n',
      'a list of lengths': 'content-length: 4, 4\r\n',
      'chunked not last': 'transfer-encoding: chunked, identity\r\n',
      'an encoding nobody knows': 'transfer-encoding: xchunked\r\n',
      'a space before the colon': 'transfer-encoding : chunked\r\n',
      'a line that goes on': 'transfer-encoding:\r\n chunked\r\n',
      'a bare line feed': 'x: y\ntransfer-encoding: chunked\r\n',
      'a bare carriage return': 'x: y\rtransfer-encoding: chunked\r\n',
    })) {
      const { answer, paths } = await reached(
        `POST /v1/orders HTTP/1.1\r\nhost: a\r\n${bearer}${head}\r\n0\r\n\r\n${hidden}`,
      )
      assert.equal(
        paths.filter((path) => path.includes('allocate')),
        [],
        what,
      )
      assert.match(answer, /^HTTP\/1\.1 (400|404) /, what)
    }
  })

  it('in the body of any method stays a body', async () => {
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
    for (const [method, path] of [
      ['DELETE', '/v1/users/me'],
      ['GET', '/v1/orders'],
      ['POST', '/v1/orders'],
      ['PATCH', '/v1/users/me'],
    ])
      for (const head of [
        `transfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunk}`,
        `content-length: ${hidden.length}\r\nconnection: close\r\n\r\n${hidden}`,
      ]) {
        const { answer, paths } = await reached(
          `${method} ${path} HTTP/1.1\r\nhost: a\r\n${bearer}${head}`,
        )
        assert.match(answer, /^HTTP\/1\.1 200 /, `${method} ${head.slice(0, 20)}`)
        assert.equal(paths, [`${method} ${path}`, 'GET /v1/seats'])
        assert.is(seen[0]?.body, hidden)
      }
  })

  it('behind a request is a request of its own, which the door looks at as at any other', async () => {
    const { answer, paths } = await reached(`GET /v1/seats HTTP/1.1\r\nhost: a\r\n\r\n${hidden}`)
    assert.equal(paths, ['GET /v1/seats', 'GET /v1/seats'])
    assert.match(answer, '"code":"not-found"')
  })

  it('cannot be made by an upgrade, a tunnel or a second Host', async () => {
    const upgraded = await reached(
      `GET /v1/seats HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n${hidden}`,
    )
    assert.equal(upgraded.paths, ['GET /v1/seats', 'GET /v1/seats'])
    assert.is(seen[0]?.headers.upgrade, undefined)
    assert.is(seen[0]?.headers['http2-settings'], undefined)
    await reached('GET /v1/seats HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n\r\n')
    assert.is(seen[0]?.headers.upgrade, undefined)
    const tunnel = await reached(`CONNECT seating:80 HTTP/1.1\r\nhost: a\r\n\r\n${hidden}`)
    assert.equal(tunnel.paths, ['GET /v1/seats'])
    const hosts = await reached('GET /v1/seats HTTP/1.1\r\nhost: a\r\nhost: orders\r\n\r\n')
    assert.match(hosts.answer, /^HTTP\/1\.1 400 /)
    assert.equal(hosts.paths, ['GET /v1/seats'])
    const traced = await reached('TRACE /v1/seats HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    assert.match(traced.answer, /^HTTP\/1\.1 405 /)
  })

  it('cannot be written by a header with line breaks in it', async () => {
    const { paths } = await reached(
      'GET /v1/seats HTTP/1.1\r\nhost: a\r\nx-a: b\u0000\r\nconnection: close\r\n\r\n',
    )
    assert.equal(paths, ['GET /v1/seats'])
  })
})
