import { createHmac, generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken, serviceKey, serviceToken, testJwks } from '../../_runtime/testing/tokens.ts'
import { mirror, openGateway, ownJwk, sendRaw, signed, type Gateway } from './support.ts'

const eventId = newId()
const sameFields = ['code', 'correlationId', 'detail', 'instance', 'status', 'title', 'type']
const open = '/v1/events'
const signedIn = '/v1/orders'

describe('who calls', (it) => {
  let gateway: Gateway
  let asked = 0
  const { listener, seen } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway({
        catalog: listener,
        orders: listener,
        seating: listener,
        users: (_, outgoing) => void outgoing.writeHead(404, `${(asked += 1)}`).end(),
      })),
  )
  it.after(() => gateway.close())

  const as = (authorization: string, path: string, method = 'GET') =>
    gateway.ask(method, path, { headers: { authorization } })

  it('may be nobody where anyone may, and must be somebody elsewhere', async () => {
    assert.is((await gateway.ask('GET', open)).status, 200)
    const { status, body, headers } = await gateway.ask('GET', signedIn)
    assert.is(status, 401)
    assert.is(body.code, 'not-signed-in')
    assert.is(headers.get('www-authenticate'), 'Bearer')
  })

  it('is passed on as he came, for the function to check again', async () => {
    const authorization = `Bearer ${await accessToken(newId())}`
    const { status, body } = await as(authorization, signedIn)
    assert.is(status, 200)
    assert.is(body.headers.authorization, authorization)
  })

  it('needs a role where the route names roles', async () => {
    const publish = `/v1/events/${eventId}/publish`
    for (const [roles, status, code] of [
      [['customer'], 403, 'forbidden'],
      [['steward', 'box-office'], 403, 'forbidden'],
      [['customer', 'organizer'], 200, undefined],
      [['admin'], 200, undefined],
    ] as const) {
      const token = await accessToken(newId(), [...roles])
      const answer = await as(`Bearer ${token}`, publish, 'POST')
      assert.is(answer.status, status)
      assert.is(answer.body.code, code)
    }
    assert.is((await gateway.ask('POST', publish)).status, 401)
  })

  it('is refused with a forged token, even where he needs none', async () => {
    const [publicJwk] = testJwks.keys
    const stranger = generateKeyPairSync('ed25519').privateKey
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: 'boxoffice', aud: 'boxoffice', sub: newId(), roles: ['admin'] }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const bare = (alg: string, more = {}) =>
      `${part({ alg, typ: 'at+jwt', kid: 'test', ...more })}.${part({ ...claims, exp: now + 900 })}`
    const hmac = (text: string, key: string | Buffer) =>
      `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
    const good = await accessToken(newId(), ['admin'])
    const [head, , signature] = good.split('.')
    const strange = (header: object, body: object) =>
      new SignJWT({ ...claims, ...body })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'test', ...header })
        .sign(stranger)

    const forged: Record<string, string> = {
      'alg none': `${bare('none')}.`,
      'alg None': `${bare('None')}.`,
      'alg nOnE with a signature': `${bare('nOnE')}.${signature}`,
      'HS256 with the public key': hmac(
        bare('HS256'),
        Buffer.from(String(publicJwk?.x), 'base64url'),
      ),
      'HS256 with the public key as text': hmac(bare('HS256'), String(publicJwk?.x)),
      'HS256 with the public JWK': hmac(bare('HS256'), JSON.stringify(publicJwk)),
      'HS256 with the service key, as a user': hmac(bare('HS256'), serviceKey),
      'another key under the known kid': await strange({}, { exp: now + 900 }),
      'its own key in the header': await strange({ jwk: { ...publicJwk } }, { exp: now + 900 }),
      'a key set of its own': await strange({ jku: 'http://127.0.0.1:9/jwks' }, { exp: now + 900 }),
      'a critical extension': await strange({ crit: ['b64'], b64: true }, { exp: now + 900 }),
      'an unknown kid': await strange({ kid: 'unknown' }, { exp: now + 900 }),
      'a certificate from elsewhere': await strange(
        { x5u: 'http://127.0.0.1:9/x5u' },
        { exp: now + 900 },
      ),
      'a payload that is not encoded': `${part({ alg: 'EdDSA', typ: 'at+jwt', kid: 'test', b64: false })}.${JSON.stringify(claims).replaceAll(/[^\w-]/g, '')}.${signature}`,
      'a psychic signature': `${bare('ES256')}.${Buffer.alloc(64).toString('base64url')}`,
      'a signature of zeros': `${bare('EdDSA')}.${Buffer.alloc(64).toString('base64url')}`,
      'a kid that is a statement': await strange({ kid: "' or 1=1 --" }, { exp: now + 900 }),
      'a kid of ten kilobytes': `${bare('EdDSA', { kid: 'k'.repeat(9000) })}.${signature}`,
      'a kid that is a path': await strange({ kid: '../../dev/null' }, { exp: now + 900 }),
      'other claims under a real signature': `${head}.${bare('EdDSA').split('.')[1]}.${signature}`,
      'the key of another kid, both known': await signed(
        { typ: 'at+jwt', kid: 'test' },
        { ...claims, exp: now + 900 },
      ),
      'a cut signature': good.slice(0, -1),
      'half a signature': good.slice(0, -43),
      'a signature that goes on': `${good}AA`,
      'a refresh token': Buffer.alloc(32, 7).toString('base64url'),
      'no signature': `${good.split('.').slice(0, 2).join('.')}.`,
      'two parts': good.split('.').slice(0, 2).join('.'),
      'a service token for the gateway': await serviceToken('orders', 'gateway'),
      'a service token for a function': await serviceToken('orders', 'seating'),
      'ten thousand bytes': `a.${'b'.repeat(10_000)}.c`,
      nothing: '',
    }
    seen.length = 0
    for (const [what, token] of Object.entries(forged))
      for (const path of [open, signedIn]) {
        const { status, body } = await as(`Bearer ${token}`, path)
        assert.is(status, 401, what)
        assert.is(body.code, 'not-signed-in', what)
        assert.is(body.detail, 'Log in, and send the access token as Authorization: Bearer')
      }
    for (const scheme of ['Basic', 'bearer:', 'Bearer,', 'Token'])
      assert.is((await as(`${scheme} ${good}`, signedIn)).status, 401, scheme)
    assert.is((await as(`Bearer ${good} ${good}`, signedIn)).status, 401, 'two tokens')
    assert.is((await as(`Bearer ${good}, Bearer ${good}`, signedIn)).status, 401, 'a list')
    assert.is(seen.length, 0)
    assert.is((await as(`bearer ${good}`, signedIn)).status, 200, 'the table proves something')
  })

  it('is refused with a real signature over the wrong claims', async () => {
    const now = Math.floor(Date.now() / 1000)
    const good = { iss: 'boxoffice', aud: 'boxoffice', sub: newId(), roles: [], exp: now + 900 }
    const inHeader = new Set(['kid', 'jwk', 'jku', 'x5u', 'crit', 'b64'])
    const forge = ({ typ, ...changes }: Record<string, unknown>) => {
      const ofHeader = Object.entries(changes).filter(([name]) => inHeader.has(name))
      const ofClaims = Object.entries(changes).filter(([name]) => !inHeader.has(name))
      return signed(
        { ...(typ === null ? {} : { typ: typ ?? 'at+jwt' }), ...Object.fromEntries(ofHeader) },
        { ...good, ...Object.fromEntries(ofClaims) },
      )
    }
    asked = 0
    for (const [what, change] of Object.entries({
      'typ JWT': { typ: 'JWT' },
      'no typ': { typ: null },
      'a service token by its typ': { typ: 'service+jwt' },
      'another issuer': { iss: 'elsewhere' },
      'no issuer': { iss: undefined },
      'another audience': { aud: 'seating' },
      'no audience': { aud: undefined },
      'no exp': { exp: undefined },
      'no sub': { sub: undefined },
      expired: { exp: now - 10 },
      'not valid yet': { nbf: now + 60 },
      'made in the future': { iat: now + 60 },
      'good for ten years': { exp: now + 315_360_000 },
      'milliseconds for seconds': { exp: (now + 900) * 1000 },
      'no kid': { kid: undefined },
      'a kid that nobody has': { kid: 'unknown' },
      'a kid that is a path': { kid: '../own' },
      'a kid that is a list': { kid: ['own'] },
      'its own key beside ours': { jwk: ownJwk },
      'where its key could be had': { jku: 'http://127.0.0.1:9/jwks' },
      'where its certificate could be had': { x5u: 'http://127.0.0.1:9/x5u' },
      'a critical extension that we know': { crit: ['b64'], b64: true },
      'b64 without a word': { b64: false },
    })) {
      const { status, body } = await as(`Bearer ${await forge(change)}`, signedIn)
      assert.is(status, 401, what)
      assert.is(body.code, 'not-signed-in', what)
      assert.equal(Object.keys(body).toSorted(), sameFields, what)
    }
    assert.is(asked, 0, 'nobody was asked for a key')
    assert.is((await as(`Bearer ${await forge({})}`, signedIn)).status, 200)
  })

  it('names himself once', async () => {
    const token = await accessToken(newId())
    const answer = await sendRaw(
      gateway.port,
      `GET ${signedIn} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\nAuthorization: Bearer x\r\nconnection: close\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, '"code":"invalid-request"')
  })

  it('sees what the gateway says of itself only as an admin', async () => {
    for (const path of ['/metrics', '/debug/redis', '/debug/broker']) {
      assert.is((await gateway.ask('GET', path)).status, 401, path)
      const customer = await as(`Bearer ${await accessToken(newId())}`, path)
      assert.is(customer.status, 403, path)
      assert.is(customer.body.code, 'forbidden')
    }
    const admin = `Bearer ${await accessToken(newId(), ['admin'])}`
    const metrics = await as(admin, '/metrics')
    assert.match(metrics.text, /seconds_count\{[^}]*route="\/v1\/events"[^}]*status="200"/)
    assert.match(metrics.text, /seconds_count\{[^}]*route="none"[^}]*status="401"/)
    assert.is((await as(admin, '/debug/redis')).body.ok, true)
    const broker = await as(admin, '/debug/broker')
    assert.is(broker.status, 503)
    assert.is(broker.body.ok, false)
  })

  it('cannot be told from nobody where the keys cannot be had: 503, not 401', async () => {
    const blind = await openGateway({ catalog: listener }, { REDIS_URL: 'redis://127.0.0.1:9' })
    try {
      const authorization = `Bearer ${await accessToken(newId())}`
      const { status, body } = await blind.ask('GET', open, { headers: { authorization } })
      assert.is(status, 503)
      assert.is(body.code, 'busy')
      assert.is((await blind.ask('GET', open)).status, 200)
    } finally {
      await blind.close()
    }
  })
})
