import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting, testRedisUrl } from '../../../functions/_runtime/testing/services.ts'
import { createRounds } from '../eventing/rounds.ts'
import { ask, broker, manifests, program, service, start, until, type Started } from './support.ts'
import { startSubscribers, type Subscribers } from './subscribers.ts'

const trigger = (uri: string) =>
  JSON.stringify({
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name: 'takes' },
    spec: { broker: 'default', subscriber: { uri } },
  })

describe('deliveries, while people wait for answers', (it) => {
  let subscribers: Subscribers
  let emulator: Started
  it.before(async () => {
    subscribers = await startSubscribers()
    emulator = await start({
      manifests: manifests({
        'a.yaml': `${broker}---\n${trigger(`${subscribers.url}/takes`)}\n---\n${service('meets')}`,
      }),
      command: () => ({ file: process.execPath, args: [program('busy')] }),
      redisUrl: await testRedisUrl(),
      sidecars: { slow: Number(new URL(subscribers.url).port) },
    })
  })
  it.after(async () => {
    await emulator.stop()
    await subscribers.close()
    await endTesting()
  })

  /** Publishes one event after the other, each once the one before is delivered; gives the time of all, ms. */
  async function oneByOne(count: number): Promise<number> {
    const began = performance.now()
    for (let i = 1; i <= count; i++) {
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': String(i),
        'ce-source': '/test',
        'ce-type': 'made',
      }
      const { status } = await ask(emulator.brokerUrl, '', '/boxoffice/default', {
        method: 'POST',
        headers,
      })
      assert.is(status, 202)
      await until(`event ${i} is delivered`, () => subscribers.seen.get('takes')?.length === i)
    }
    return performance.now() - began
  }

  it('begin a few times a second', async () => {
    subscribers.reset({ slow: [{ delayMs: 4000 }] })
    const waiting = Array.from({ length: 20 }, () => ask(emulator.url, 'slow.localhost', '/slow'))
    await until('all wait', () => subscribers.seen.get('slow')?.length === 20)
    const tookMs = await oneByOne(5)
    for (const { status } of await Promise.all(waiting)) assert.is(status, 202)
    assert.ok(tookMs > 4 * 240, `${tookMs} ms`)
  })

  it('the twin: at once where nobody does', async () => {
    subscribers.reset({})
    const tookMs = await oneByOne(5)
    assert.ok(tookMs < 4 * 240, `${tookMs} ms`)
  })

  it('begin so, too, while a process says that many wait for it without us, and no longer', async () => {
    subscribers.reset({})
    const say = async (what: string) =>
      assert.is((await ask(emulator.url, 'meets.localhost', `/${what}`)).status, 202)
    await say('busy')
    const tookMs = await oneByOne(5)
    assert.ok(tookMs > 4 * 240, `${tookMs} ms`)
    await say('calm')
    subscribers.reset({})
    const calmMs = await oneByOne(5)
    assert.ok(calmMs < 4 * 240, `${calmMs} ms`)
  })

  it('do not wait where too many are stored', () => {
    const rounds = createRounds(
      () => true,
      () => {},
    )
    assert.equal([1, 1, 10_001].map(rounds.mayBegin), [true, false, true])
  })
})
