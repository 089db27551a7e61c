import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { createAdmissionTokens, hotEventsKey } from '../../_runtime/admission.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken, serviceKey } from '../../_runtime/testing/tokens.ts'
import { mirror, openGateway, type Gateway } from './support.ts'

const hot = newId()
const cold = newId()
const reserve = '/v1/seats/reserve'
const order = '/v1/orders'

describe('a hot event at the gateway', (it) => {
  let gateway: Gateway
  let redis: Redis
  const { listener, seen } = mirror()
  const tokens = createAdmissionTokens(serviceKey)
  it.before(async () => {
    gateway = await openGateway({ orders: listener, seating: listener })
    redis = new Redis(gateway.env.REDIS_URL as string)
    await redis.set(hotEventsKey, JSON.stringify({ version: 1, events: [hot] }))
  })
  it.after(async () => {
    await redis.quit()
    await gateway.close()
  })

  const admission = (userId: string, eventId = hot, ms = 600_000) =>
    tokens.sign({ id: newId(), eventId, userId, endsAt: Date.now() + ms })

  async function post(path: string, body: unknown, userId: string, more: object = {}) {
    const authorization = `Bearer ${await accessToken(userId)}`
    return gateway.ask('POST', path, {
      headers: { authorization, 'content-type': 'application/json', ...more },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }
  const codeOf = async (...args: Parameters<typeof post>) => {
    const { status, body } = await post(...args)
    return [status, body.code]
  }

  it('takes neither a reserve nor an order without an admission, and says where to join', async () => {
    const count = seen.length
    for (const path of [reserve, order]) {
      const { status, body } = await post(path, { eventId: hot, quantity: 1 }, newId())
      assert.equal(
        [status, body.code, body.eventId, body.join],
        [403, 'admission-required', hot, `/v1/waiting-room/${hot}/join`],
      )
    }
    assert.is(seen.length, count)
  })

  it('leaves every other event alone, and hands on its body to the byte', async () => {
    const text = `{ "eventId":"${cold}",\n "quantity": 1, "quantity": 2, "é": "\\u00e9" }`
    for (const path of [reserve, order]) {
      const { status, body } = await post(path, text, newId())
      assert.is(status, 200)
      assert.is(Buffer.from(body.body, 'latin1').toString(), text)
    }
  })

  it('opens to one user at the first use of his token: then he reserves and orders as he likes', async () => {
    const userId = newId()
    const token = await admission(userId)
    const wish = { eventId: hot, quantity: 1 }
    assert.is((await post(reserve, wish, userId, { 'admission-token': token })).status, 200)
    assert.is((await post(order, wish, userId)).status, 200)
    assert.is((await post(reserve, wish, userId, { 'admission-token': token })).status, 200)
    assert.equal(await codeOf(reserve, wish, newId()), [403, 'admission-required'])
  })

  it('takes a shared token from its own user only, however many try at once', async () => {
    const owner = newId()
    const token = await admission(owner)
    const others = Array.from({ length: 20 }, () => newId())
    const answers = await Promise.all(
      [...others, owner].map((userId) =>
        post(reserve, { eventId: hot, quantity: 1 }, userId, { 'admission-token': token }),
      ),
    )
    assert.equal(
      answers.map(({ status }) => status),
      [...others.map(() => 403), 200],
    )
    assert.equal(
      new Set(answers.slice(0, 20).map(({ body }) => body.code)),
      new Set(['admission-invalid']),
    )
    const windows = await redis.keys(`waiting:{${hot}}:window:*`)
    assert.equal(
      windows.filter((key) => others.some((id) => key.endsWith(id))),
      [],
    )
  })

  it('refuses a token that is over, of another event, forged, doubled or no token', async () => {
    const userId = newId()
    const wish = { eventId: hot, quantity: 1 }
    const stranger = createAdmissionTokens('another key of thirty-two characters')
    const endsAt = Date.now() + 600_000
    const good = await admission(userId)
    const [head = '', claims = ''] = good.split('.')
    const none = Buffer.from('{"alg":"none","typ":"admission+jwt"}').toString('base64url')
    for (const token of [
      await admission(userId, hot, -60_000),
      await admission(userId, hot, -1000),
      await admission(userId, cold),
      await stranger.sign({ id: newId(), eventId: hot, userId, endsAt }),
      `${head}.${claims}.`,
      `${none}.${claims}.`,
      await accessToken(userId),
      'x',
    ])
      assert.equal(
        await codeOf(reserve, wish, userId, { 'admission-token': token }),
        [403, 'admission-invalid'],
        token,
      )
    const doubled = { 'admission-token': `${good}, ${good}` }
    assert.equal(await codeOf(reserve, wish, userId, doubled), [403, 'admission-invalid'])
    assert.equal(await codeOf(reserve, wish, userId, { 'admission-token': '' }), [
      403,
      'admission-required',
    ])
  })

  it('is the event that the function reads, however the body spells it', async () => {
    const count = seen.length
    for (const body of [
      `{"eventId":"${cold}","eventId":"${hot}","quantity":1}`,
      `{"eventId":"${hot.toUpperCase()}","quantity":1}`,
      `{"\\u0065ventId":"${hot}","quantity":1}`,
      `\uFEFF{"eventId":"${hot}","quantity":1}`,
      `{"eventId":"${hot}","quantity":1,"section":"${'x'.repeat(30_000)}"}`,
    ])
      assert.equal(
        await codeOf(order, body, newId()),
        [403, 'admission-required'],
        body.slice(0, 90),
      )
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"eventId":"\\u0000"}',
      `{"eventId":"${hot}","quantity":1,"__proto__":{"eventId":"${cold}"}}`,
      '{"eventId":["x"]}',
    ]) {
      const { status } = await post(order, body, newId())
      // What is no JSON ends here; what is, and names no event, is for the function to refuse.
      assert.ok(status === 400 || status === 200, `${body}: ${status}`)
    }
    assert.equal(
      seen.slice(count).map(({ body }) => body.includes(hot)),
      Array.from({ length: seen.length - count }, () => false),
    )
    const large = { eventId: hot, section: 'x'.repeat(70_000) }
    assert.equal(await codeOf(order, large, newId()), [413, 'body-too-large'])
  })

  it('lets an order go by a hold, which was let in when it was placed; never a reserve', async () => {
    const wish = { eventId: hot, holdId: newId() }
    assert.is((await post(order, wish, newId())).status, 200)
    assert.equal(await codeOf(reserve, wish, newId()), [403, 'admission-required'])
    assert.equal(await codeOf(order, { ...wish, holdId: 5 }, newId()), [403, 'admission-required'])
  })

  it('lets the same order be sent again after the window has closed, and no other', async () => {
    const userId = newId()
    const wish = { eventId: hot, quantity: 1 }
    const key = { 'idempotency-key': newId() }
    const token = await admission(userId)
    await post(order, wish, userId, { ...key, 'admission-token': token })
    await redis.del(`waiting:{${hot}}:window:${userId}`)
    assert.is((await post(order, wish, userId, key)).status, 200)
    assert.is(
      (await post(order, { ...wish, quantity: 2 }, userId, key)).body.code,
      'admission-required',
    )
    assert.is((await post(order, wish, newId(), key)).body.code, 'admission-required')
    const fresh = { 'idempotency-key': newId() }
    // Refused once, it is refused again: only what was let through may be repeated.
    assert.is((await post(order, wish, userId, fresh)).body.code, 'admission-required')
    assert.is((await post(order, wish, userId, fresh)).body.code, 'admission-required')
  })

  it('takes a chunked body too, and hands it on whole', async () => {
    const authorization = `Bearer ${await accessToken(newId())}`
    const parts = [`{"eventId":`, `"${cold}"`, `,"quantity":1}`]
    const { status, body } = await gateway.ask('POST', order, {
      headers: { authorization, 'content-type': 'application/json' },
      body: new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(Buffer.from(part))
          controller.close()
        },
      }),
      duplex: 'half',
    })
    assert.equal([status, body.body], [200, parts.join('')])
  })

  it('is hot, and is not any more, within a second of the change', async () => {
    await redis.set(hotEventsKey, JSON.stringify({ version: 2, events: [hot, cold] }))
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.equal(await codeOf(order, { eventId: cold }, newId()), [403, 'admission-required'])
    await redis.set(hotEventsKey, JSON.stringify({ version: 3, events: [] }))
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.is((await post(order, { eventId: hot }, newId())).status, 200)
    assert.is((await post(order, 'not read at all', newId())).status, 200)
  })
})
