import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { endTesting } from '../../../functions/_runtime/testing/services.ts'
import { createBatches } from '../eventing/batches.ts'
import type { CloudEvent } from '../eventing/cloud-event.ts'
import type { Outcome } from '../eventing/attempt.ts'
import { createFixed } from '../serving/fixed.ts'
import { ask, broker, manifests, program, service, start, type Started } from './support.ts'
import { startSubscribers, type Step, type Subscribers } from './subscribers.ts'

const batchType = 'application/cloudevents-batch+json'

const event = (id: string, more: Partial<CloudEvent> = {}): CloudEvent => ({
  attributes: {
    specversion: '1.0',
    id,
    source: '/test',
    type: 'made',
    datacontenttype: 'application/json',
  },
  ttl: 255,
  headers: {},
  data: Buffer.from(`{"name":"é ${id}"}`),
  ...more,
})

describe('events of one moment, for functions that share a process', (it) => {
  let subscribers: Subscribers
  let backend: ReturnType<typeof createFixed>
  let alone: string[]
  it.before(async () => {
    subscribers = await startSubscribers()
    const { hostname: host, port } = new URL(subscribers.url)
    backend = createFixed('taker', { host, port: Number(port), timeoutMs: 5000 })
  })
  it.beforeEach(() => void (alone = []))
  it.after(async () => {
    backend.close()
    await subscribers.close()
  })

  /** Gives all of them at once to a subscriber who answers so; what goes alone is noted and taken. */
  function give(events: CloudEvent[], answer: Step): Promise<Outcome[]> {
    subscribers.reset({ taker: [answer] })
    const batches = createBatches({ backend, host: 'taker', path: '/taker', url: '' }, 300)
    return Promise.all(
      events.map((one) =>
        batches(one, async () => {
          alone.push(one.attributes.id as string)
          return { kind: 'taken' }
        }),
      ),
    )
  }
  const seen = () => subscribers.seen.get('taker') ?? []
  const answering = (...answers: unknown[]): Step => ({
    status: 200,
    body: JSON.stringify(answers),
  })

  it('go in one request, whole', async () => {
    const outcomes = await give(
      [event('1'), event('2')],
      answering({ status: 204 }, { status: 204 }),
    )
    assert.equal(outcomes, [{ kind: 'taken' }, { kind: 'taken' }])
    assert.is(seen().length, 1)
    assert.is(seen()[0]?.headers['content-type'], batchType)
    assert.equal(
      JSON.parse(seen()[0]?.body ?? ''),
      ['1', '2'].map((id) => ({ ...event(id).attributes, data: { name: `é ${id}` } })),
    )
    assert.equal(alone, [])
  })

  it('are each judged by their own answer', async () => {
    const answers = [{ status: 503, body: 'busy' }, { status: 204 }, { status: 401, body: 'no' }]
    const [busy, taken, refused] = await give(
      [event('1'), event('2'), event('3')],
      answering(...answers),
    )
    const failed = (status: number, text: string, isRetried: boolean) => ({
      kind: 'failed',
      isRetried,
      error: { code: status, data: Buffer.from(text) },
    })
    assert.equal(busy, failed(503, 'busy', true))
    assert.equal(taken, { kind: 'taken' })
    assert.equal(refused, failed(401, 'no', false))
  })

  it('are all tried again where nothing came back in time', async () => {
    const outcomes = await give([event('1'), event('2')], { ...answering(), delayMs: 2000 })
    for (const outcome of outcomes)
      assert.equal(outcome, { kind: 'failed', isRetried: true, error: undefined })
    assert.equal(alone, [])
  })

  for (const [who, answer] of [
    ['knows no batches', { status: 400 }],
    ['answers for too few of them', answering({ status: 204 })],
    ['answers no list', { status: 200, body: 'thanks' }],
  ] as const)
    it(`go alone to who ${who}`, async () => {
      await give([event('1'), event('2')], answer)
      assert.equal(alone, ['1', '2'])
    })

  it('go alone where they are one, or cannot be written as JSON', async () => {
    await give([event('one')], answering())
    const odd = [
      event('text', { attributes: { ...event('text').attributes, datacontenttype: 'text/plain' } }),
      event('empty', { data: Buffer.alloc(0) }),
      event('large', { data: Buffer.alloc(65 * 1024, 0x20) }),
      event('traced', { headers: { 'x-request-id': '1' } }),
    ]
    await give(odd, answering())
    assert.equal(alone, ['one', 'text', 'empty', 'large', 'traced'])
    assert.is(seen().length, 0)
  })
})

describe('POST /boxoffice/default/batch', (it) => {
  let emulator: Started
  const files = manifests({ 'a.yaml': `${broker}---\n${service('a')}` })
  const begin = (together: string[]) =>
    start({
      manifests: files,
      together,
      command: () => ({ file: process.execPath, args: [program('echo')] }),
    })
  it.before(async () => void (emulator = await begin(['a'])))
  it.after(async () => {
    await emulator.stop()
    await endTesting()
  })

  const one = { specversion: '1.0', id: '1', source: '/test', type: 'made', data: {} }
  const post = (url: string, body: string, path = '/boxoffice/default/batch') =>
    ask(url, '', path, { method: 'POST', headers: { 'content-type': batchType }, body })

  it('says of each event whether it is stored', async () => {
    const members = [one, { ...one, specversion: '2' }, 'text', { ...one, knativebrokerttl: '1' }]
    const { status, body } = await post(emulator.brokerUrl, JSON.stringify(members))
    assert.equal([status, body], [200, [202, 400, 400, 400]])
  })

  it('refuses what is no list, and says of each event that there is no such Broker', async () => {
    for (const odd of ['{', '{}', 'null'])
      assert.is((await post(emulator.brokerUrl, odd)).status, 400, odd)
    const elsewhere = await post(emulator.brokerUrl, JSON.stringify([one]), '/boxoffice/no/batch')
    assert.equal(elsewhere.body, [404])
  })

  it('is not there as the Broker itself, nor where every function has a process of its own', async () => {
    const text = JSON.stringify([one])
    assert.is((await post(emulator.brokerUrl, text, '/boxoffice/default')).status, 400)
    const other = await begin([])
    assert.is((await post(other.brokerUrl, text)).status, 400)
    await other.stop()
  })
})
