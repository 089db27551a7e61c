import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { fuzz } from './fuzz.ts'
import type { World } from './world.ts'

type Reply = { status: number; headers?: Record<string, string>; body?: string }

const world: World = {
  prepare: ({ method }, { who, path, headers, body }) => ({
    who,
    method,
    target: path.replaceAll(/‹.*?›/g, 'x'),
    headers: headers.filter(([, value]) => /^[\x20-\x7e]*$/.test(value)),
    body,
  }),
  learn: async () => {},
}

const json = 'application/json'
const problemOf = (code: string, status: number, more = {}) =>
  JSON.stringify({
    type: `urn:boxoffice:problem:${code}`,
    title: '',
    status,
    detail: '',
    instance: '/',
    code,
    correlationId: '1',
    ...more,
  })

describe('the fuzzer', (it) => {
  let server: Server
  let reply: Reply
  it.before(async () => {
    server = createServer((incoming, outgoing) => {
      incoming.resume()
      outgoing.writeHead(reply.status, { 'x-correlation-id': '1', ...reply.headers })
      outgoing.end(reply.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  it.after(() => new Promise<void>((resolve) => void server.close(() => resolve())))

  async function found(operation: string, next: Reply): Promise<string> {
    reply = next
    const { port } = server.address() as AddressInfo
    const options = { seed: 1, msMax: 1, only: [operation], lanes: 1 }
    const { failures } = await fuzz(`http://127.0.0.1:${port}`, world, options)
    for (const { curl } of failures) assert.match(curl, /^curl -i -X [A-Z]+ 'http/)
    return failures.map(({ wrong }) => wrong).join()
  }
  const problem = (code: string, status: number, headers: Record<string, string> = {}) => ({
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: problemOf(code, status),
  })

  it('lets pass what is promised', async () => {
    assert.is(await found('getOrder', problem('not-found', 404)), '')
    assert.is(await found('getOrder', problem('busy', 503, { 'retry-after': '1' })), '')
    const keys = { status: 200, headers: { 'content-type': json }, body: '{"keys":[]}' }
    assert.is(
      await found('jwks', { ...keys, headers: { 'content-type': json } }),
      'took a forged token',
    )
  })

  it('finds a status that nobody promised, or that says that we broke', async () => {
    assert.match(await found('getOrder', problem('seat-taken', 409)), 'not documented')
    assert.match(await found('getOrder', problem('internal', 500)), 'answered 500')
    assert.match(await found('getOrder', { status: 302 }), 'not documented')
  })

  it('finds a problem without its code, its header or its status', async () => {
    assert.match(await found('getOrder', problem('seat-taken', 404)), 'allowed values')
    assert.match(await found('getOrder', problem('busy', 503)), 'retry-after')
    assert.match(await found('getOrder', problem('not-signed-in', 401)), 'www-authenticate')
    const mixed = {
      ...problem('not-found', 404),
      body: problemOf('not-found', 404, { status: 'X' }),
    }
    assert.match(await found('getOrder', mixed), 'status')
  })

  it('finds a body that does not fit, another media type, and what no answer should tell', async () => {
    const wrong = { status: 200, headers: { 'content-type': json }, body: '{"keys":7}' }
    assert.match(await found('jwks', wrong), 'must be array')
    assert.match(await found('jwks', { status: 200, body: 'ok' }), 'not application/json')
    const trace = problemOf('not-found', 404, { detail: 'at f (/app/store.ts:12:3)' })
    assert.match(await found('getOrder', { ...problem('not-found', 404), body: trace }), 'insides')
  })

  it('finds what was taken from those who may not, and what breaks its schema', async () => {
    const yes = { status: 204 }
    assert.match(await found('deleteEvent', yes), /took a (caller|forged)|took nobody/)
    assert.match(await found('releaseSeats', yes), /took (a|nobody)/)
    assert.match(await found('verifyEmail', yes), /took a body|forged/)
  })
})
