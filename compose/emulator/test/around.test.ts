import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting } from '../../../functions/_runtime/testing/services.ts'
import type { Around } from '../eventing/delivery.ts'
import { ask, manifests, start, until, type Started } from './support.ts'
import { startSubscribers, type Subscribers } from './subscribers.ts'

const objects = (subscriber: string) => [
  {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Broker',
    metadata: { name: 'default' },
    spec: { delivery: { retry: 1, backoffPolicy: 'linear', backoffDelay: 'PT0.1S' } },
  },
  {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name: 'hears' },
    spec: {
      broker: 'default',
      filter: { attributes: { type: 'news' } },
      subscriber: { uri: `${subscriber}/hears` },
    },
  },
]

describe('what stands around a delivery', (it) => {
  let subscribers: Subscribers
  let emulator: Started
  let around: Around
  it.before(async () => {
    subscribers = await startSubscribers()
    emulator = await start({
      manifests: manifests({
        'a.yaml': objects(subscribers.url)
          .map((object) => JSON.stringify(object))
          .join('\n---\n'),
      }),
      aroundDelivery: (event, trigger, send) => around(event, trigger, send),
    })
  })
  it.after(async () => {
    await emulator.stop()
    await subscribers.close()
    await endTesting()
  })

  const publish = async () => {
    subscribers.reset({})
    const { origin, pathname } = new URL(emulator.brokerUrl)
    const headers = {
      'ce-id': '1',
      'ce-type': 'news',
      'ce-source': '/test',
      'ce-specversion': '1.0',
      'content-type': 'application/json',
    }
    await ask(origin, 'broker', pathname, { method: 'POST', headers, body: '{}' })
  }
  const heard = () => subscribers.seen.get('hears')?.length ?? 0
  const isSettled = async () =>
    Object.keys((await ask(emulator.url, 'emulator.localhost')).body.broker.backlog).length === 0

  it('sees the event and the name of the Trigger', async () => {
    const seen: unknown[] = []
    around = (event, trigger, send) => {
      seen.push([event.attributes.type, trigger])
      return send()
    }
    await publish()
    await until('it is heard', () => heard() === 1)
    assert.equal(seen, [['news', 'hears']])
  })

  it('can lose the answer of a try: the event is delivered again', async () => {
    let tries = 0
    around = async (_event, _trigger, send) => {
      const outcome = await send()
      return ++tries === 1 ? { kind: 'failed', isRetried: true, error: undefined } : outcome
    }
    await publish()
    await until('it is heard twice', () => heard() === 2)
    await until('it is settled', isSettled)
  })

  it('can forget an event that was taken', async () => {
    around = async () => ({ kind: 'taken' })
    await publish()
    await until('it is settled', isSettled)
    assert.is(heard(), 0)
  })
})
