import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { createBuckets } from '../buckets.ts'
import { defaultLimits, readLimits } from '../limits.ts'
import { mirror, openGateway, type Gateway } from './support.ts'

const reads = '/v1/events'
const bearer = async (id = newId()) => `Bearer ${await accessToken(id)}`

describe('a limit', (it) => {
  let gateway: Gateway
  const { listener } = mirror()
  it.before(
    async () =>
      (gateway = await openGateway(
        { catalog: listener, orders: listener, seating: listener },
        { RATE_LIMITS: 'reads.user=5/60,reads.address=8/60,writes.user=2/60' },
      )),
  )
  it.after(() => gateway.close())

  const read = async (address: string, authorization?: string) =>
    gateway.ask('GET', reads, {
      headers: {
        'x-forwarded-for': address,
        ...(authorization === undefined ? {} : { authorization }),
      },
    })

  it('tells what is left, and when all of it is there again', async () => {
    const authorization = await bearer()
    for (let left = 4; left >= 0; left--) {
      const { status, headers } = await read('192.0.2.1', authorization)
      assert.is(status, 200)
      assert.is(headers.get('ratelimit-policy'), '"reads";q=5;w=60')
      const [, r, t] = /^"reads";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? []
      assert.is(Number(r), left)
      assert.ok(Number(t) >= 12 * (5 - left) - 10 && Number(t) <= 12 * (5 - left), `t=${t}`)
    }
    const { status, headers, body } = await read('192.0.2.1', authorization)
    assert.is(status, 429)
    assert.is(body.code, 'too-many-requests')
    const [, t] = /^"reads";r=0;t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? []
    assert.ok(Number(t) >= 1 && Number(t) <= 12, `t=${t}`)
    assert.ok(Number(headers.get('retry-after')) >= Number(t))
    assert.is(body.retryAfterSeconds, Number(headers.get('retry-after')))
  })

  it('of a user is his own, and of another kind of request is another', async () => {
    const [one, other] = [await bearer(), await bearer()]
    for (let i = 0; i < 5; i++) assert.is((await read(`192.0.2.${10 + i}`, one)).status, 200)
    assert.is((await read('192.0.2.20', one)).status, 429)
    assert.is((await read('192.0.2.20', other)).status, 200)
    const orders = await gateway.ask('POST', '/v1/orders', {
      headers: { authorization: one },
      body: '{}',
    })
    assert.is(orders.status, 200)
    assert.is(orders.headers.get('ratelimit-policy'), '"purchases";q=300;w=60')
  })

  it('of an address is that of all who are there, and of nobody elsewhere', async () => {
    for (let i = 0; i < 8; i++) assert.is((await read('192.0.2.30', await bearer())).status, 200)
    assert.is((await read('192.0.2.30', await bearer())).status, 429)
    assert.is((await read('192.0.2.30')).status, 429)
    assert.is((await read('192.0.2.31')).status, 200)
    for (let i = 0; i < 8; i++) assert.is((await read(`2001:db8:1:2::${i}`)).status, 200)
    assert.is((await read('2001:db8:1:2:ffff::1')).status, 429, 'the same /64')
    assert.is((await read('2001:db8:1:3::1')).status, 200)
    assert.is((await read('2001:db8:1:2::1, 192.0.2.32')).status, 200, 'only the last hop counts')
  })

  it('that refuses takes nothing from the others', async () => {
    const authorization = await bearer()
    for (let i = 0; i < 8; i++) await read('192.0.2.40')
    for (let i = 0; i < 9; i++) assert.is((await read('192.0.2.40', authorization)).status, 429)
    const elsewhere = await read('192.0.2.41', authorization)
    assert.match(elsewhere.headers.get('ratelimit') ?? '', /r=4;/)
  })

  it('cannot be used up, nor read, in the name of another', async () => {
    const victim = newId()
    const forged = `${(await accessToken(victim)).slice(0, -4)}AAAA`
    for (let i = 0; i < 8; i++) {
      const { status, headers } = await read('192.0.2.50', `Bearer ${forged}`)
      assert.is(status, 401)
      assert.is(headers.get('ratelimit'), null)
      assert.is(headers.get('ratelimit-policy'), null)
    }
    const refused = await read('192.0.2.50', `Bearer ${forged}`)
    assert.is(refused.status, 429, 'forging is limited as well, by address')
    assert.is(refused.headers.get('ratelimit'), null)
    const own = await read('192.0.2.51', await bearer(victim))
    assert.match(own.headers.get('ratelimit') ?? '', /r=4;/)
    const anonymous = await gateway.ask('GET', '/v1/orders')
    assert.is(anonymous.status, 401)
    assert.is(anonymous.headers.get('ratelimit'), null)
  })

  it('is counted, by its kind', async () => {
    const text = await gateway.deps.metrics.text()
    assert.match(text, /requests_limited_total\{[^}]*class="reads",scope="address",by="redis"/)
    assert.match(text, /requests_limited_total\{[^}]*class="reads",scope="user",by="redis"/)
  })
})

describe('limits by default', (it) => {
  let gateway: Gateway
  const { listener } = mirror()
  it.before(async () => (gateway = await openGateway({ orders: listener })))
  it.after(() => gateway.close())

  it('let twenty accounts at one address place 500 orders at once', async () => {
    const accounts = await Promise.all(Array.from({ length: 20 }, () => bearer()))
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        gateway.ask('POST', '/v1/orders', {
          body: '{}',
          headers: { authorization: accounts[i % 20] as string },
        }),
      ),
    )
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
  })

  it('can be moved by a setting, not taken away', () => {
    assert.equal(readLimits(''), defaultLimits)
    const moved = readLimits('purchases.user=9/10')
    assert.equal(moved.purchases.user, { quota: 9, seconds: 10 })
    assert.equal(moved.reads, defaultLimits.reads)
    for (const wrong of [
      'purchases',
      'purchases.user',
      'purchases.user=0/60',
      'x.user=1/1',
      'reads.guess=1/1',
    ])
      assert.throws(() => readLimits(wrong), /is no limit/, wrong)
  })
})

describe('an account that is tried', (it) => {
  let gateway: Gateway
  it.before(async () => {
    gateway = await openGateway(
      {
        users: (incoming, outgoing) => {
          let text = ''
          incoming.on('data', (chunk) => (text += chunk))
          incoming.on('end', () => {
            outgoing.writeHead(text.includes('right') ? 200 : 401).end()
          })
        },
      },
      { RATE_LIMITS: 'credentials.guess=3/900,credentials.account=5/3600' },
    )
  })
  it.after(() => gateway.close())

  const logIn = async (email: string, password: string, address: string) => {
    const { status } = await gateway.ask('POST', '/v1/auth/login', {
      body: JSON.stringify({ email, password }),
      headers: { 'x-forwarded-for': address },
    })
    return status
  }

  it('is limited from one address, then from all, however it is spelled', async () => {
    const spellings = ['a@example.org', 'A@Example.org', ' a@example.org ']
    for (const email of spellings) assert.is(await logIn(email, 'wrong', '192.0.2.1'), 401)
    assert.is(await logIn('a@example.org', 'right', '192.0.2.1'), 429)
    assert.is(await logIn('b@example.org', 'wrong', '192.0.2.1'), 401, 'another account')
    for (const address of ['192.0.2.2', '192.0.2.3'])
      assert.is(await logIn('a@example.org', 'wrong', address), 401)
    assert.is(await logIn('a@example.org', 'right', '192.0.2.4'), 429)
  })

  it('is counted anew once its owner is in', async () => {
    for (let i = 0; i < 9; i++) {
      assert.is(await logIn('c@example.org', 'wrong', '192.0.2.1'), 401)
      assert.is(await logIn('c@example.org', 'right', '192.0.2.1'), 200)
      // What is forgotten is not awaited.
      await gateway.deps.redis.attempt((client) => client.ping())
    }
  })
})

describe('without Redis', (it) => {
  const { listener } = mirror()

  it('a process counts by itself: nothing is ever unlimited', async () => {
    const gateway = await openGateway(
      { catalog: listener },
      { REDIS_URL: 'redis://127.0.0.1:9', RATE_LIMITS: 'reads.address=5/60' },
    )
    const answers = []
    for (let i = 0; i < 12; i++) answers.push(await gateway.ask('GET', reads))
    const statuses = answers.map(({ status }) => status)
    assert.equal(statuses, [...Array(5).fill(200), ...Array(7).fill(429)])
    assert.match(answers[0]?.headers.get('ratelimit') ?? '', /^"reads";r=4;t=12$/)
    await gateway.close()
  })

  it('the rule is the same: so many at once, then one at a time', () => {
    let now = 1000
    const buckets = createBuckets(() => now)
    const ask = () => buckets.ask({ bans: [], buckets: [{ key: 'k', quota: 3, seconds: 30 }] })
    assert.equal(
      [ask(), ask(), ask()].map(({ remaining }) => remaining),
      [2, 1, 0],
    )
    assert.equal(ask(), { bannedAt: 0, refusedAt: 1, waitMs: 10_000, remaining: 0, resetMs: 0 })
    now += 9999
    assert.is(ask().refusedAt, 1)
    now += 1
    assert.is(ask().refusedAt, 0)
    assert.is(ask().refusedAt, 1)
    now += 30_000
    assert.is(ask().remaining, 2)
  })
})
