import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { routes, isInside } from '../../../contracts/routes.ts'
import { hotEventsKey } from '../../_runtime/admission.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { guardedRoutes } from '../admission.ts'
import { mirror, openGateway, type Gateway } from './support.ts'

const hot = newId()

describe('which events are hot', (it) => {
  const { listener } = mirror()
  let gateway: Gateway | undefined
  let redis: Redis | undefined
  it.afterEach(async () => {
    await redis?.quit()
    await gateway?.close()
    gateway = redis = undefined
  })

  async function post({ ask }: Gateway, eventId: string) {
    const authorization = `Bearer ${await accessToken(newId())}`
    const { status, body } = await ask('POST', '/v1/orders', {
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ eventId, quantity: 1 }),
    })
    return [status, body.code]
  }
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  it('is asked of waiting-room where Redis has lost the list, and buys nobody in where neither says', async () => {
    let answers = false
    let asked = 0
    gateway = await openGateway({
      orders: listener,
      'waiting-room': (incoming, outgoing) => {
        asked += 1
        assert.is(incoming.url, '/v1/hot-events')
        outgoing.writeHead(answers ? 200 : 500, { 'content-type': 'application/json' })
        outgoing.end(JSON.stringify({ version: 1, events: [hot] }))
      },
    })
    redis = new Redis(gateway.env.REDIS_URL as string)
    await redis.del(hotEventsKey)
    assert.equal(await post(gateway, newId()), [503, 'busy'])
    assert.is((await gateway.ask('GET', '/health')).status, 404)
    answers = true
    await pause(2500)
    assert.equal(await post(gateway, hot), [403, 'admission-required'])
    assert.equal(await post(gateway, newId()), [200, undefined])
    assert.ok(asked > 1)
  })

  it('stays as it was while Redis is away: a hot event is closed, and any other sold as ever', async () => {
    gateway = await openGateway({ orders: listener })
    redis = new Redis(gateway.env.REDIS_URL as string)
    await redis.set(hotEventsKey, JSON.stringify({ version: 1, events: [hot] }))
    assert.equal(await post(gateway, hot), [403, 'admission-required'])
    await gateway.deps.redis.close()
    await pause(1100)
    assert.equal(await post(gateway, hot), [503, 'busy'])
    assert.equal(await post(gateway, newId()), [200, undefined])
  })

  it('guards every public route that takes seats', () => {
    const takesSeats = routes
      .filter(({ route }) => !isInside(route) && 'body' in route && route.body)
      .filter(({ route }) => {
        const body = route.body as { safeParse(value: unknown): { success: boolean } }
        return body.safeParse({ eventId: newId(), quantity: 1 }).success
      })
      .map(({ route }) => `${route.method} ${route.path}`)
    assert.equal(new Set(takesSeats), guardedRoutes)
    for (const { route } of routes)
      for (const code of ['admission-required', 'admission-invalid'] as const)
        assert.is(
          route.problems?.includes(code) ?? false,
          guardedRoutes.has(`${route.method} ${route.path}`),
          `${route.path} says ${code}`,
        )
  })
})
