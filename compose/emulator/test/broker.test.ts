import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { Redis } from 'ioredis'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting, testRedisUrl } from '../../../functions/_runtime/testing/services.ts'
import {
  ask,
  manifests,
  program,
  service,
  start,
  temporary,
  until,
  type Started,
} from './support.ts'
import { startSubscribers, type Seen, type Subscribers } from './subscribers.ts'

const trigger = (name: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name },
    spec: { broker: 'default', ...spec },
  })

const broker = (spec: object) =>
  JSON.stringify({
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Broker',
    metadata: { name: 'default' },
    spec,
  })

const ping = `
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: { name: clock }
spec:
  schedule: "* * * * * *"
  contentType: application/json
  data: '{"tick":true}'
  ceOverrides: { extensions: { color: red } }
  sink: { ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }
`

const ofType = (type: string) => ({ filter: { attributes: { type } } })
const toService = (name: string) => ({
  subscriber: { ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name } },
})

describe('the Broker', (it) => {
  let subscribers: Subscribers
  let emulator: Started
  let redisUrl: string
  it.before(async () => {
    subscribers = await startSubscribers()
    const to = (name: string) => ({ subscriber: { uri: `${subscribers.url}/${name}` } })
    redisUrl = await testRedisUrl()
    const objects = [
      broker({ delivery: { retry: 0, timeout: 'PT20S' } }),
      service('taker'),
      trigger('loops', { ...ofType('loop'), ...to('loops') }),
      trigger('fails', { ...ofType('fail'), ...to('fails') }),
      trigger('takes', { ...ofType('take'), ...toService('taker') }),
      trigger('many', { ...ofType('many'), ...to('many') }),
      trigger('pinged', { ...ofType('dev.knative.sources.ping'), ...to('pinged') }),
      trigger('dies', {
        ...ofType('die'),
        subscriber: { uri: 'http://127.0.0.1:9/' },
        delivery: { deadLetterSink: { uri: `${subscribers.url}/dead` } },
      }),
      trigger('rejects', {
        ...ofType('reject'),
        ...to('rejects'),
        delivery: { deadLetterSink: { uri: `${subscribers.url}/dead` } },
      }),
      ping,
    ]
    emulator = await start({
      redisUrl,
      manifests: manifests({ 'a.yaml': objects.join('\n---\n') }),
      command: () => ({ file: process.execPath, args: [program('collector')] }),
      environment: () => ({ COLLECTED: join(temporary(), 'collected') }),
    })
  })
  it.after(async () => {
    await emulator.stop()
    await subscribers.close()
    await endTesting()
  })

  const publish = (type: string, id = '1', more: Record<string, string> = {}, body = '{}') => {
    const { origin, pathname } = new URL(emulator.brokerUrl)
    const headers = {
      'ce-id': id,
      'ce-type': type,
      'ce-source': '/test',
      'ce-specversion': '1.0',
      'content-type': 'application/json',
      ...more,
    }
    return ask(origin, 'broker', pathname, { method: 'POST', headers, body })
  }
  const seen = (name: string) => subscribers.seen.get(name) ?? []
  const status = async () => (await ask(emulator.url, 'emulator.localhost')).body

  it('wakes a function to deliver to it', async () => {
    assert.is((await publish('take')).status, 202)
    await until('taker runs', () => emulator.status().taker?.processes.length === 1)
    await until('it says so', () =>
      emulator.lines.some((line) => /^taker 0 → 1, cold start \d+ ms$/.test(line)),
    )
  })

  it('keeps what nobody takes and no dead letter sink gets, and says so once', async () => {
    subscribers.reset({ fails: [{ status: 422 }] })
    const before = (await status()).broker.undeliverable
    await publish('fail', 'poison')
    await until('it is given up', async () => (await status()).broker.undeliverable === before + 1)
    await until('it says so', () => emulator.lines.some((line) => line.includes('poison')))
    const lines = emulator.lines.filter((line) => line.includes('poison'))
    assert.is(lines.length, 1)
    assert.is(
      lines[0],
      `fails gave up fail poison: ${subscribers.url}/fails answered 422 (1 tries)`,
    )
    const redis = new Redis(redisUrl)
    const kept = (await redis.xrevrange('broker:undeliverable', '+', '-', 'COUNT', 1))[0]?.[1] ?? []
    await redis.quit()
    assert.is(kept[kept.indexOf('trigger') + 1], 'boxoffice/fails')
    assert.is(kept[kept.indexOf('data') + 1], '{}')
  })

  it('tells the dead letter sink why nobody could be reached', async () => {
    subscribers.reset({})
    await publish('die')
    await until('it is dead', () => seen('dead').length === 1)
    const { headers } = seen('dead')[0] as Seen
    assert.is(headers['ce-knativeerrorcode'], '500')
    assert.is(headers['ce-knativeerrordest'], 'http://127.0.0.1:9/')
    const why = Buffer.from(headers['ce-knativeerrordata'] ?? '', 'base64').toString()
    assert.match(why, 'ECONNREFUSED')
  })

  it('cuts what it tells of an error at 1024 characters', async () => {
    subscribers.reset({ rejects: [{ status: 422, body: 'e'.repeat(5000) }] })
    await publish('reject')
    await until('it is dead', () => seen('dead').length === 1)
    assert.is(seen('dead')[0]?.headers['ce-knativeerrordata']?.length, 1024)
  })

  it('lets a reply go round until its TTL is over', async () => {
    const reply = { 'ce-id': 'r', 'ce-type': 'loop', 'ce-source': '/r', 'ce-specversion': '1.0' }
    subscribers.reset({ loops: [{ status: 200, headers: reply }] })
    const before = (await status()).broker.undeliverable
    await publish('loop', '1', { 'ce-knativebrokerttl': '6' })
    await until('it ends', async () => (await status()).broker.undeliverable === before + 1)
    assert.is(seen('loops').length, 5)
    assert.match(emulator.lines.join('\n'), /loops gave up loop r: \S+ answered 400/)
  })

  it('refuses a body above 1 MiB with 413, and takes one below', async () => {
    subscribers.reset({})
    assert.is((await publish('many', 'x', {}, 'x'.repeat(1024 * 1024 + 1))).status, 413)
    assert.is((await publish('many', 'x', {}, 'x'.repeat(1024 * 1024))).status, 202)
    await until('it came', () => seen('many').length === 1)
    assert.is(seen('many')[0]?.body.length, 1024 * 1024)
  })

  it('keeps text beyond ASCII as it was, in attributes and data', async () => {
    subscribers.reset({})
    const event = {
      specversion: '1.0',
      id: 'é€',
      type: 'many',
      source: '/s',
      size: 3,
      data: { a: 'ü' },
    }
    const { origin, pathname } = new URL(emulator.brokerUrl)
    await ask(origin, 'broker', pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(event),
    })
    await until('it came', () => seen('many').length === 1)
    const { headers, body } = seen('many')[0] as Seen
    assert.is(Buffer.from(headers['ce-id'] ?? '', 'latin1').toString(), 'é€')
    assert.is(headers['ce-size'], '3')
    assert.is(body, '{"a":"ü"}')
  })

  it('refuses attributes that could not travel as headers', async () => {
    const { origin, pathname } = new URL(emulator.brokerUrl)
    const send = (more: object) =>
      ask(origin, 'broker', pathname, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ specversion: '1.0', id: 'i', type: 't', source: '/', ...more }),
      })
    assert.is((await send({ subject: 'a\r\nx-evil: 1' })).status, 400)
    assert.is((await send({ color: { r: 1 } })).status, 400)
    assert.is((await send({ 'no-name': 'x' })).status, 400)
    assert.is((await send({ time: 'yesterday' })).status, 400)
    assert.is((await send({ color: true })).status, 202)
  })

  it('delivers more than it keeps in memory, each event, and keeps none', async () => {
    const stuck = Array.from({ length: 64 }, () => ({ status: 202, delayMs: 2500 }))
    subscribers.reset({ many: [...stuck, { status: 202 }] })
    const count = 2500
    let next = 0
    const publisher = async () => {
      while (next < count)
        assert.is((await publish('many', String(next++), {}, 'x'.repeat(20_000))).status, 202)
    }
    await Promise.all(Array.from({ length: 32 }, publisher))
    await until('all came', () => seen('many').length >= count, 20_000)
    assert.is(new Set(seen('many').map(({ headers }) => headers['ce-id'])).size, count)
    const redis = new Redis(redisUrl)
    await until(
      'none is kept',
      async () => (await redis.xlen('broker:trigger:boxoffice/many')) === 0,
    )
    await redis.quit()
  })

  it('publishes what a PingSource says, each time anew', async () => {
    subscribers.reset({})
    await until('two ticks came', () => seen('pinged').length >= 2)
    const [first, second] = seen('pinged')
    assert.is(first?.headers['ce-source'], '/apis/v1/namespaces/boxoffice/pingsources/clock')
    assert.is(first?.headers['content-type'], 'application/json')
    assert.is(first?.headers['ce-color'], 'red')
    assert.is(first?.body, '{"tick":true}')
    assert.is.not(first?.headers['ce-id'], second?.headers['ce-id'])
  })
})
