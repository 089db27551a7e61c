import * as assert from 'uvu/assert'
import { createFunctionApp } from '../app.ts'
import { current } from '../context.ts'
import { newId } from '../ids.ts'
import { Problem } from '../problem.ts'
import { memberTaker, receive, type TakeMember } from '../receive.ts'
import { signEvent } from '../signature.ts'
import { describe } from '../test.ts'
import { asking } from '../testing/ask.ts'
import { eventKey } from '../testing/tokens.ts'
import { openRuntime, type Opened } from './support.ts'

const erased = 'dev.boxoffice.user.erased.v1'

describe('POST / takes CloudEvents', (it) => {
  let runtime: Opened
  let client: ReturnType<typeof asking>
  let seen: unknown[] = []
  let fail: Error | undefined
  let take: TakeMember
  it.before(async () => {
    runtime = await openRuntime()
    const app = createFunctionApp(runtime)
    receive(app, runtime, {
      [erased]: async ({ id, data }: { id: string; data: unknown }) => {
        seen.push({ id, data, correlationId: current().correlationId })
        if (fail) throw fail
      },
      'dev.knative.sources.ping': async () => void seen.push('ping'),
    })
    client = asking(app, 'orders')
    take = memberTaker(app) as TakeMember
  })
  it.beforeEach(() => {
    seen = []
    fail = undefined
  })
  it.after(() => runtime.close())

  const data = { userId: newId(), version: 2 }

  it('in binary mode, with 204 and no body, because Knative would take any other body for an error', async () => {
    const { status, text } = await client.deliver(erased, data.userId, data, { id: 'one' })
    assert.equal([status, text], [204, ''])
    assert.equal((seen[0] as { id: string }).id, 'one')
  })

  it('in structured mode, with the correlation that the event carries', async () => {
    const event = {
      id: 'two',
      source: '/functions/users',
      type: erased,
      subject: data.userId,
      data,
    }
    const body = {
      specversion: '1.0',
      ...event,
      correlationid: 'correlation-3',
      sig: signEvent(eventKey, event),
    }
    const { status } = await client.ask('POST', '/', body, {
      'content-type': 'application/cloudevents+json',
    })
    assert.is(status, 204)
    assert.equal(seen, [{ id: 'two', data, correlationId: 'correlation-3' }])
  })

  it('unsigned only where nothing moves: a tick passes, money does not', async () => {
    const ping = await client.deliver('dev.knative.sources.ping', 'clock', {}, { sig: 'none' })
    assert.is(ping.status, 204)
    for (const sig of [
      'none',
      signEvent('another key that is long enough', { id: '', source: '', type: erased, data }),
    ]) {
      const refused = await client.deliver(erased, data.userId, data, { sig })
      assert.equal([refused.status, refused.body.code], [401, 'unsigned-event'])
    }
    assert.equal(seen, ['ping'])
  })

  it('not when the data was changed after it was signed', async () => {
    const event = {
      id: 'three',
      source: '/functions/test',
      type: erased,
      subject: data.userId,
      data,
    }
    const sig = signEvent(eventKey, event)
    const changed = await client.deliver(
      erased,
      data.userId,
      { ...data, version: 3 },
      { id: 'three', sig },
    )
    assert.is(changed.status, 401)
  })

  it('refuses with 400, which is not delivered again, what can never be taken', async () => {
    const unknown = await client.deliver('dev.boxoffice.no.such.v1', 'x', {})
    const broken = await client.deliver(erased, 'x', { userId: 'not a uuid' })
    const noEvent = await client.ask('POST', '/', { a: 1 })
    const old = await client.ask(
      'POST',
      '/',
      {},
      { 'ce-id': '1', 'ce-source': '/s', 'ce-type': erased, 'ce-specversion': '0.3' },
    )
    const batch = await client.ask('POST', '/', [], {
      'content-type': 'application/cloudevents-batch+json',
    })
    for (const refused of [unknown, broken, noEvent, old, batch])
      assert.equal([refused.status, refused.body.code], [400, 'invalid-event'])
    const huge = await client.deliver(erased, 'x', { ...data, more: 'x'.repeat(300_000) })
    assert.is(huge.status, 413)
  })

  const structured = (event: object) =>
    client.ask(
      'POST',
      '/',
      { specversion: '1.0', ...event },
      { 'content-type': 'application/cloudevents+json' },
    )

  it('refuses names of extensions that CloudEvents does not allow', async () => {
    const ping = { id: 'three', source: '/by/hand', type: 'dev.knative.sources.ping' }
    const attributes = Object.entries({ specversion: '1.0', ...ping })
    const binary = (name: string) =>
      client.ask(
        'POST',
        '/',
        {},
        {
          ...Object.fromEntries(attributes.map(([key, value]) => [`ce-${key}`, value])),
          [name]: 'correlation-4',
        },
      )
    assert.is((await structured({ ...ping, correlationid: 'correlation-4' })).status, 204)
    assert.is((await binary('ce-correlationid')).status, 204)
    for (const refused of [
      await structured({ ...ping, 'correlation-id': 'correlation-4' }),
      await binary('ce-correlation-id'),
    ])
      assert.equal([refused.status, refused.body?.code], [400, 'invalid-event'])
  })

  it('takes a correlation that is no text for none', async () => {
    for (const correlationid of [['correlation-5'], { $ne: null }, 12_345_678]) {
      seen = []
      const event = { id: newId(), source: '/functions/users', type: erased, data }
      const sig = signEvent(eventKey, event)
      assert.is((await structured({ ...event, sig, correlationid })).status, 204)
      const [{ correlationId }] = seen as [{ correlationId: unknown }]
      assert.match(String(correlationId), /^[0-9a-f-]{36}$/)
      assert.type(correlationId, 'string')
    }
  })

  it('answers 5xx, which is delivered again, where it may get better and where we are wrong', async () => {
    fail = new Problem('busy', 'later')
    assert.is((await client.deliver(erased, data.userId, data)).status, 503)
    fail = new Error('a bug')
    assert.is((await client.deliver(erased, data.userId, data)).status, 500)
  })

  const member = (more: object = {}) => {
    const event = { id: newId(), source: '/functions/users', type: erased, subject: 'x', data }
    return { specversion: '1.0', ...event, sig: signEvent(eventKey, event), ...more }
  }

  it('one of a batch as if it had come alone, with a correlation of its own', async () => {
    const events = [member(), member({ correlationid: 'correlation-6' }), member()]
    for (const event of events) assert.equal(await take(event), { status: 204 })
    const correlations = seen.map((one) => (one as { correlationId: string }).correlationId)
    assert.is(correlations[1], 'correlation-6')
    assert.match(correlations[0] as string, /^[0-9a-f-]{36}$/)
    assert.is(new Set(correlations).size, 3)
  })

  it('one of a batch not where it would not be taken alone', async () => {
    const refusals = [
      [member({ sig: 'none' }), 401, 'unsigned-event'],
      [member({ data: { ...data, version: 3 } }), 401, 'unsigned-event'],
      [member({ specversion: '0.3' }), 400, 'invalid-event'],
      [member({ id: 7 }), 400, 'invalid-event'],
      [member({ type: 'dev.boxoffice.no.such.v1' }), 400, 'invalid-event'],
      ['text', 400, 'invalid-event'],
      [null, 400, 'invalid-event'],
    ] as const
    for (const [event, status, code] of refusals) {
      const { status: answered, body = '' } = await take(event)
      assert.equal([answered, JSON.parse(body).code], [status, code])
    }
    fail = new Error('a bug')
    assert.is((await take(member())).status, 500)
    assert.is(seen.length, 1)
  })
})
