import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { createApiKeys } from '../api-keys.ts'
import { mirror, openGateway, type Gateway } from './support.ts'

const secret = 'x'.repeat(43)
const key = (name: string) => `bx_${name}_${secret}`

describe('an API key', (it) => {
  let gateway: Gateway
  let exchanges = 0
  let callers: (string | undefined)[] = []
  const owner = newId()
  const keyId = newId()
  const { listener, seen } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway(
        {
          orders: listener,
          catalog: listener,
          users: (incoming, outgoing) => {
            exchanges += 1
            callers.push(incoming.headers.authorization)
            let text = ''
            incoming.on('data', (chunk) => (text += chunk))
            incoming.on('end', async () => {
              outgoing.setHeader('content-type', 'application/json')
              const { apiKey } = JSON.parse(text)
              if (apiKey.startsWith('bx_down_')) return outgoing.writeHead(503).end()
              if (!apiKey.startsWith('bx_good_'))
                return outgoing
                  .writeHead(401)
                  .end('{"code":"api-key-invalid","detail":"","status":401}')
              const claims = { scope: 'orders:read orders:write', key: keyId }
              const token = await accessToken(owner, ['customer'], claims)
              outgoing.end(JSON.stringify({ accessToken: token, expiresIn: 60, keyId }))
            })
          },
        },
        { RATE_LIMITS: 'credentials.address=5/60,reads.key=12/60' },
      )),
  )
  it.after(() => gateway.close())
  const ask = (headers: Record<string, string>, path = '/v1/orders') =>
    gateway.ask('GET', path, { headers })

  it('is sent on as the token that stands for it, asked for once however many come', async () => {
    seen.length = 0
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => ask({ authorization: `Bearer ${key('good')}` })),
      ...Array.from({ length: 5 }, () => ask({ 'x-api-key': key('good') })),
    ])
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.is(exchanges, 1)
    assert.match(callers[0] ?? '', /^Bearer /)
    for (const { headers } of seen) {
      const claims = JSON.parse(atob(headers.authorization?.split('.')[1] ?? ''))
      assert.is(claims.sub, owner)
      assert.is(headers['x-api-key'], undefined)
    }
    assert.ok(!JSON.stringify(seen).includes(secret), 'no function ever sees the key')
  })

  it('opens what its scopes name and nothing else', async () => {
    const { status, body } = await ask({ 'x-api-key': key('good') }, '/v1/events')
    assert.is(status, 403)
    assert.is(body.code, 'scope-missing')
    const account = await ask({ 'x-api-key': key('good') }, '/v1/users/me')
    assert.is(account.body.code, 'scope-missing')
  })

  it('has a limit of its own', async () => {
    const { headers } = await ask({ 'x-api-key': key('good') })
    assert.is(headers.get('ratelimit-policy'), '"reads";q=12;w=60')
    await ask({ 'x-api-key': key('good') })
    assert.is((await ask({ 'x-api-key': key('good') })).status, 429)
  })

  it('that is revoked opens nothing from then on', async () => {
    await gateway.deps.redis.attempt((client) => client.set(`ban:${keyId}`, '1'))
    const { status, body } = await ask({ 'x-api-key': key('good') })
    assert.is(status, 401)
    assert.is(body.code, 'token-revoked')
  })

  it('that opens nothing is 401, remembered for a moment, and limited by address', async () => {
    exchanges = 0
    for (const authorization of [`Bearer ${key('bad')}`, `Bearer ${key('bad')}`]) {
      const { status, body } = await ask({ authorization })
      assert.is(status, 401)
      assert.is(body.code, 'api-key-invalid')
    }
    assert.is(exchanges, 1)
    for (const odd of [
      'bx_',
      'bx_a_b',
      `bx_a b_${secret}`,
      `${key('bad')}${'x'.repeat(200)}`,
      "bx_'_' or 1=1 --------",
    ])
      assert.is((await ask({ 'x-api-key': odd })).status, 401, odd)
    assert.is(exchanges, 1, 'what is no key is not asked for')
    for (let i = 0; i < 9; i++) await ask({ 'x-api-key': key(`guess-${i}`) })
    assert.ok(exchanges <= 5, `${exchanges} were tried`)
    assert.is((await ask({ 'x-api-key': key('another') })).status, 429)
  })

  it('is named in one way', async () => {
    const bearer = `Bearer ${await accessToken(newId())}`
    const { status } = await ask({ authorization: bearer, 'x-api-key': key('good') })
    assert.is(status, 400)
  })

  it('that cannot be looked up is 503, and is asked for again at once', async () => {
    exchanges = 0
    for (let i = 1; i <= 2; i++) {
      const { status, body } = await gateway.ask('GET', '/v1/orders', {
        headers: { 'x-api-key': key('down'), 'x-forwarded-for': '192.0.2.9' },
      })
      assert.is(status, 503)
      assert.is(body.code, 'busy')
      assert.ok(exchanges >= i)
    }
  })
})

describe('the memory for API keys', (it) => {
  it('renews a token before it ends, and goes on asking for none that is known', async () => {
    let now = 0
    let exchanges = 0
    const { tokenFor } = createApiKeys({
      now: () => now,
      exchange: async () => ({ accessToken: `t${++exchanges}`, expiresIn: 60, keyId: 'k' }),
    })
    const get = () => tokenFor(key('a'), async () => {})
    assert.is(await get(), 't1')
    now = 49_999
    assert.is(await get(), 't1')
    now = 50_000
    assert.is(await get(), 't2')
  })

  it('asks nobody whom it is not let', async () => {
    let exchanges = 0
    const { tokenFor } = createApiKeys({
      exchange: async () => ({ accessToken: `${++exchanges}`, expiresIn: 60, keyId: 'k' }),
    })
    const refuse = () => Promise.reject(new Error('too many'))
    const outcome = await tokenFor(key('a'), refuse).catch((err: Error) => err.message)
    assert.is(outcome, 'too many')
    assert.is(exchanges, 0)
    assert.is(await tokenFor(key('a'), async () => {}), '1')
  })
})
