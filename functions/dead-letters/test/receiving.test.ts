import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { deadHeaders, look, openDeadLetters, urlOf, type DeadLetters } from './support.ts'

describe('a dead letter', (it) => {
  let sink: DeadLetters
  it.before(async () => (sink = await openDeadLetters()))
  it.after(() => sink.close())

  it('is answered 204 with no body, and kept with all that it had and why it is dead', async () => {
    const headers = deadHeaders({ 'ce-extra': 'kept', prefer: 'reply' })
    const { status, text } = await sink.post(headers, '{"a": 1.0}')
    assert.equal([status, text], [204, ''])
    const { id, firstReceivedAt, lastReceivedAt, diedAt, ...kept } = await sink.kept(
      headers['ce-id'] as string,
    )
    assert.ok(Math.abs(Date.parse(firstReceivedAt) - Date.now()) < 60_000)
    assert.equal([lastReceivedAt, diedAt], [firstReceivedAt, firstReceivedAt])
    assert.match(id, /^[0-9a-f-]{36}$/)
    const attributes = Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith('ce-') ? [[name.slice(3), value]] : [],
      ),
    )
    assert.equal(kept, {
      state: 'DEAD',
      event: {
        id: headers['ce-id'],
        source: '/functions/orders',
        type: 'dev.boxoffice.order.confirmed.v1',
        subject: headers['ce-subject'],
      },
      destination: urlOf('tickets'),
      function: 'tickets',
      code: 400,
      answer: '{"code":"invalid-event"}',
      times: 1,
      triedAt: null,
      isReplaying: false,
      settledAt: null,
      settledBy: null,
      reason: null,
      correlationId: 'correlation-7',
      dataBytes: 10,
      attributes,
      contentType: 'application/json',
      data: { a: 1 },
      dataBase64: Buffer.from('{"a": 1.0}').toString('base64'),
      replays: [],
    })
  })

  it('may have any bytes as its data, of any type that no contract knows', async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    const headers = deadHeaders({
      'ce-type': 'com.example.picture',
      'content-type': 'image/png',
    })
    assert.is((await sink.post(headers, bytes)).status, 204)
    const kept = await sink.kept(headers['ce-id'] as string)
    assert.equal([kept.contentType, kept.data], ['image/png', null])
    assert.equal(Buffer.from(kept.dataBase64, 'base64'), bytes)
  })

  it('may come in structured mode: its JSON is kept as it was written, its base64 as bytes', async () => {
    const type = 'application/cloudevents+json; charset=utf-8'
    const event = `"specversion":"1.0","source":"/s","type":"t","datacontenttype":"application/json"`
    const ids = [newId(), newId(), newId()]
    const bodies = [
      `{ ${event}, "id":"${ids[0]}", "nested":{"data":0}, "number":7, "off":null, "data" : { "big": 9007199254740993, "text":"}\\"]" } }`,
      `{${event},"id":"${ids[1]}","data_base64":"AP8="}`,
      `{${event.replace('application/json', 'text/plain')},"id":"${ids[2]}","data":"plain"}`,
    ]
    for (const body of bodies)
      assert.is((await sink.post({ 'content-type': type }, body)).status, 204)
    const [json, bytes, text] = await Promise.all(ids.map((id) => sink.kept(id)))
    const textOf = (kept: any) => Buffer.from(kept.dataBase64, 'base64').toString('latin1')
    assert.is(textOf(json), '{ "big": 9007199254740993, "text":"}\\"]" }')
    assert.equal([json.attributes.nested, json.attributes.number], ['{"data":0}', '7'])
    assert.is('off' in json.attributes, false)
    assert.equal([textOf(bytes), textOf(text)], ['\0\xff', 'plain'])
    assert.equal([json.destination, json.function, json.code, json.answer], Array(4).fill(null))
  })

  it('may be odd in every field but its identity', async () => {
    const long = 'x'.repeat(4000)
    const id = newId()
    const odd = {
      specversion: '7',
      id,
      source: `\u0000${long}`,
      type: long,
      subject: '\ud800',
      time: 'yesterday',
      ['__proto__']: 'kept',
      knativeerrorcode: 'many',
      knativeerrordata: 'no base64!',
      knativeerrordest: 'nowhere',
      'a b': 'c',
    }
    const { status } = await sink.post(
      { 'content-type': 'application/cloudevents+json' },
      JSON.stringify(odd),
    )
    assert.is(status, 204)
    const kept = await sink.kept(id)
    assert.is(kept.event.source, `\ufffd${long}`)
    assert.is(kept.attributes.source, odd.source)
    assert.is(Object.getOwnPropertyDescriptor(kept.attributes, '__proto__')?.value, 'kept')
    assert.equal(
      [kept.attributes['a b'], kept.attributes.subject, kept.attributes.time],
      ['c', '\ud800', 'yesterday'],
    )
    assert.equal(
      [kept.destination, kept.function, kept.code, kept.answer],
      ['nowhere', null, null, 'no base64!'],
    )
  })

  it('keeps UTF-8 in its headers as it came, and what is none as it came too', async () => {
    const subject = Buffer.from('Ravi Kühn ✓').toString('latin1')
    const headers = deadHeaders({ 'ce-subject': subject, 'ce-odd': '\xff' })
    assert.is((await sink.post(headers, '{}')).status, 204)
    const kept = await sink.kept(headers['ce-id'] as string)
    assert.equal([kept.event.subject, kept.attributes.odd], ['Ravi Kühn ✓', '\xff'])
  })

  it('is counted when it comes again, and is one of its own for each destination', async () => {
    const headers = deadHeaders()
    for (let i = 0; i < 3; i++) assert.is((await sink.post(headers, '{}')).status, 204)
    assert.is((await sink.kept(headers['ce-id'] as string)).times, 3)
    await sink.post({ ...headers, 'ce-knativeerrordest': urlOf('seating') }, '{}')
    await sink.post({ ...headers, 'ce-source': '/functions/other' }, '{}')
    const rows = `select array_agg(times order by times) from dead_letters where event_id = $1`
    assert.equal(await look(sink.deps.database, rows, [headers['ce-id']]), [1, 1, 3])
  })

  it('that was settled waits again after a new death, not after the same one told twice', async () => {
    const headers = deadHeaders()
    await sink.post(headers, '{"v":1}')
    const { id } = await sink.kept(headers['ce-id'] as string)
    const reason = 'the event was withdrawn'
    await sink.admin('POST', `/v1/dead-letters/${id}/discard`, { reason })
    await sink.post(headers, '{"v":1}')
    const told = await sink.kept(headers['ce-id'] as string)
    assert.equal([told.state, told.times, told.reason], ['DISCARDED', 2, reason])

    const later = { 'ce-knativearrivaltime': '2026-11-20T11:00:00Z', 'ce-knativeerrorcode': '503' }
    await sink.post({ ...headers, ...later }, '{"v":2}')
    const renewed = await sink.kept(headers['ce-id'] as string)
    assert.equal(
      [renewed.state, renewed.times, renewed.reason, renewed.code, renewed.data],
      ['DEAD', 3, null, 503, { v: 2 }],
    )
    assert.ok(renewed.diedAt > told.diedAt)
  })

  it('is refused where it is no CloudEvent, and where it is too large', async () => {
    const structured = { 'content-type': 'application/cloudevents+json' }
    const refused: [Record<string, string>, string][] = [
      [{ 'content-type': 'application/json' }, '{}'],
      [{ 'content-type': 'application/cloudevents-batch+json' }, '[]'],
      [{ 'content-type': 'application/cloudevents+avro' }, 'x'],
      [structured, '{"id":"1"'],
      [structured, '[]'],
      [structured, '{"specversion":"1.0","id":"","source":"/s","type":"t"}'],
      ...['id', 'source', 'type', 'specversion'].map((name): [Record<string, string>, string] => [
        deadHeaders({ [`ce-${name}`]: undefined }),
        '{}',
      ]),
    ]
    for (const [headers, body] of refused) {
      const { status, code } = await sink.post(headers, body)
      assert.equal([status, code], [400, 'invalid-event'], JSON.stringify(headers) + body)
    }
    const headers = deadHeaders()
    const large = await sink.post(headers, Buffer.alloc(4 * 1024 * 1024 + 1))
    assert.equal([large.status, large.code], [413, 'body-too-large'])
    assert.is((await sink.post(headers, Buffer.alloc(4 * 1024 * 1024))).status, 204)
  })

  it('is counted by type and destination, with labels that are bounded', async () => {
    await sink.post(deadHeaders({ 'ce-type': 'anything', 'ce-knativeerrordest': 'x' }), '{}')
    const { text } = await sink.ask('GET', '/metrics')
    assert.match(
      text,
      /dead_letters_total\{type="dev.boxoffice.order.confirmed.v1",destination="tickets"/,
    )
    assert.match(text, /dead_letters_total\{type="unknown",destination="unknown"/)
    assert.not.match(text, 'anything')
    const waiting = await look(
      sink.deps.database,
      `select count(*)::int from dead_letters where state = 'DEAD'`,
    )
    assert.match(text, new RegExp(`dead_letters_waiting\\{[^}]*\\} ${waiting}\n`))
  })
})
