import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { readOrigins } from '../cors.ts'
import { mirror, openGateway, until, type Gateway } from './support.ts'

const shop = 'https://shop.example'

describe('pages of other origins', (it) => {
  let gateway: Gateway
  const { listener, seen } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway(
        {
          catalog: listener,
          seating: (_, outgoing) =>
            outgoing
              .writeHead(200, {
                vary: 'accept-encoding',
                'access-control-allow-origin': '*',
                'strict-transport-security': 'max-age=0',
                ratelimit: 'mine',
              })
              .end('{}'),
        },
        { CORS_ORIGINS: `${shop}, http://127.0.0.1:5173`, HSTS_SECONDS: '31536000' },
      )),
  )
  it.after(() => gateway.close())

  const preflight = (origin: string, path: string, method = 'POST') =>
    gateway.ask('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'idempotency-key',
      },
    })

  it('may ask where they are listed, and are answered by the gateway itself', async () => {
    seen.length = 0
    const { status, headers, text } = await preflight(shop, '/v1/orders')
    assert.is(status, 204)
    assert.is(text, '')
    assert.is(headers.get('access-control-allow-origin'), shop)
    assert.is(headers.get('access-control-allow-credentials'), 'true')
    assert.is(headers.get('access-control-allow-methods'), 'GET, HEAD, POST')
    assert.match(headers.get('access-control-allow-headers') ?? '', /\bidempotency-key\b/)
    assert.match(headers.get('vary') ?? '', /origin/)
    assert.is(headers.get('access-control-max-age'), '600')
    assert.is((await preflight(shop, '/v1/nothing')).status, 404)
    assert.is(seen.length, 0)
  })

  it('may read every answer then, problems too', async () => {
    for (const path of ['/v1/events', '/v1/nothing', '/v1/orders']) {
      const { headers } = await gateway.ask('GET', path, { headers: { origin: shop } })
      assert.is(headers.get('access-control-allow-origin'), shop, path)
      assert.is(headers.get('access-control-allow-credentials'), 'true')
      assert.match(headers.get('access-control-expose-headers') ?? '', /ratelimit/)
    }
  })

  it('that are not listed are told nothing, whatever they resemble and whatever a function says', async () => {
    for (const origin of [
      'https://evil.example',
      'https://shop.example.evil.example',
      'https://notshop.example',
      'http://shop.example',
      'https://shop.example:444',
      'null',
    ]) {
      assert.is((await preflight(origin, '/v1/orders')).status, 405, origin)
      const { headers } = await gateway.ask('GET', '/v1/seats', { headers: { origin } })
      assert.is(headers.get('access-control-allow-origin'), null, origin)
      assert.is(headers.get('access-control-allow-credentials'), null)
      assert.match(headers.get('vary') ?? '', /origin/)
      assert.match(headers.get('vary') ?? '', /accept-encoding/)
    }
  })

  it('are no wildcard, and no setting makes them one', () => {
    for (const wrong of ['*', 'null', 'shop.example', `${shop}/`, 'https://*.example', `${shop}/a`])
      assert.throws(() => readOrigins(wrong), /is no origin/, wrong)
    assert.equal([...readOrigins(` ${shop} , `)], [shop])
  })

  it('and all others are told to insist on TLS where a setting says so', async () => {
    for (const path of ['/v1/seats', '/v1/nothing']) {
      const { headers } = await gateway.ask('GET', path)
      assert.is(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains')
      assert.is(headers.get('cross-origin-resource-policy'), 'same-origin')
      assert.not.match(headers.get('ratelimit') ?? '', /mine/)
    }
  })
})

describe('without a list of origins', (it) => {
  it('nobody may ask from another, and nothing is said of it', async () => {
    const { listener } = mirror()
    const gateway = await openGateway({ catalog: listener })
    const { headers } = await gateway.ask('GET', '/v1/events', { headers: { origin: shop } })
    for (const name of ['access-control-allow-origin', 'vary', 'strict-transport-security'])
      assert.is(headers.get(name), null, name)
    await gateway.close()
  })
})

describe('who opens a seat map', (it) => {
  let gateway: Gateway
  const woken: string[] = []
  const asleep: (() => void)[] = []
  const { listener } = mirror()
  it.before(async () => {
    const sleeper = (name: string) => (incoming: { url?: string }, outgoing: { end(): void }) => {
      woken.push(`${name} ${incoming.url}`)
      // Slow to wake: nobody waits for it.
      asleep.push(() => outgoing.end())
    }
    gateway = await openGateway(
      {
        seating: listener,
        catalog: listener,
        orders: sleeper('orders') as never,
        payments: sleeper('payments') as never,
      },
      { WARM_FUNCTIONS: 'orders,payments,tickets', WARM_SECONDS: '2' },
    )
  })
  it.after(() => gateway.close())

  it('wakes what he will need next, once in a while, and does not wait for it', async () => {
    await gateway.ask('GET', '/v1/events')
    await gateway.ask('GET', '/v1/seats/summary')
    assert.equal(woken, [])
    const start = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.ask('GET', '/v1/seats/map')),
    )
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.ok(await until(() => woken.length >= 2))
    assert.is(asleep.splice(0).map((wake) => wake()).length, 2)
    assert.equal(woken.toSorted(), ['orders /health', 'payments /health'])
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, start + 2100 - performance.now())),
    )
    await gateway.ask('GET', '/v1/seats/stream')
    assert.ok(await until(() => woken.length === 4))
    for (const wake of asleep) wake()
  })
})
