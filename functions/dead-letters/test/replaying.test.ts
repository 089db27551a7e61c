import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { deadHeaders, look, openDeadLetters, urlOf, type DeadLetters } from './support.ts'

describe('a replay', (it) => {
  let sink: DeadLetters
  it.before(async () => (sink = await openDeadLetters({ REPLAY_SECONDS: '0.4' })))
  it.beforeEach(() => sink.taker.answers())
  it.after(() => sink.close())

  async function dead(more: Record<string, string | undefined> = {}, body: string | Buffer = '{}') {
    const headers = deadHeaders(more)
    assert.is((await sink.post(headers, body)).status, 204)
    const { id } = await sink.kept(headers['ce-id'] as string)
    return { id: id as string, headers }
  }
  const replay = (id: string, query = '') =>
    sink.admin('POST', `/v1/dead-letters/${id}/replay${query}`)

  it('gives the function that refused it the very event, and nobody else', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128])
    const { id, headers } = await dead({ 'content-type': 'image/png' }, bytes)
    const { status, body } = await replay(id)
    assert.equal([status, body.state, body.settledBy], [200, 'REPLAYED', sink.adminId])
    const [{ by, via, outcome, code }] = body.replays
    assert.equal([by, via, outcome, code], [sink.adminId, 'function', 'TAKEN', 204])

    assert.is(sink.taker.taken.length, 1)
    const [taken] = sink.taker.taken
    assert.equal(
      [taken?.headers.host, taken?.url, taken?.body],
      ['tickets.boxoffice.svc.cluster.local', '/', bytes],
    )
    const sent = Object.keys(taken?.headers ?? {}).filter((name) => name.startsWith('ce-'))
    const own = Object.keys(headers).filter((name) => /^ce-(?!knative)/.test(name))
    assert.equal(sent.toSorted(), own.toSorted())
    for (const name of [...own, 'content-type'])
      assert.is(taken?.headers[name], headers[name], name)
    assert.is(taken?.headers['x-correlation-id'], 'correlation-7')
    assert.is(taken?.headers.authorization, undefined)
  })

  it('goes to the Broker where the destination is none of ours, never to an address from outside', async () => {
    for (const destination of [undefined, `http://${sink.taker.address}/admin`]) {
      sink.taker.answers({ status: 202 })
      const { id } = await dead({ 'ce-knativeerrordest': destination })
      const { body } = await replay(id)
      assert.equal([body.state, body.replays[0].via], ['REPLAYED', 'broker'])
      const { taken } = sink.taker
      assert.equal(
        taken.map(({ url }) => url),
        ['/boxoffice/default'],
      )
    }
  })

  it('that is refused leaves it dead, with the new reason', async () => {
    const { id } = await dead()
    sink.taker.answers({ status: 401, body: '{"code":"unsigned-event"}' })
    const { status, body } = await replay(id)
    assert.equal(
      [status, body.state, body.code, body.answer],
      [200, 'DEAD', 401, '{"code":"unsigned-event"}'],
    )
    const [{ outcome, code, detail }] = body.replays
    assert.equal([outcome, code, detail], ['REFUSED', 401, '{"code":"unsigned-event"}'])
    sink.taker.answers()
    assert.is((await replay(id)).body.state, 'REPLAYED')
  })

  it('that is not answered in time is unknown, not failed: it stays dead and can be tried again', async () => {
    const { id } = await dead()
    sink.taker.answers({ waitMs: 1000 })
    const { body } = await replay(id)
    assert.equal([body.state, body.isReplaying, body.code], ['DEAD', false, 400])
    assert.equal([body.replays[0].outcome, body.replays[0].code], ['UNKNOWN', null])
    sink.taker.answers()
    assert.is((await replay(id)).body.state, 'REPLAYED')
  })

  it('is unknown too where only a proxy answers, which says nothing new of why it is dead', async () => {
    for (const status of [502, 504]) {
      const { id } = await dead()
      sink.taker.answers({ status, body: 'upstream' })
      const { body } = await replay(id)
      assert.equal([body.state, body.code], ['DEAD', 400])
      assert.equal([body.replays[0].outcome, body.replays[0].code], ['UNKNOWN', status])
    }
  })

  it('that cannot be sent says so', async () => {
    const id = newId()
    const odd = { specversion: '1.0', id, source: '/s', type: 't', subject: 'a\nb' }
    await sink.post({ 'content-type': 'application/cloudevents+json' }, JSON.stringify(odd))
    const { body } = await replay((await sink.kept(id)).id)
    assert.equal([body.state, body.replays[0].outcome], ['DEAD', 'UNREACHED'])
    assert.match(body.replays[0].detail, /cannot be sent as headers/)
    assert.is(sink.taker.taken.length, 0)
  })

  it('is refused where it does not wait any more, unless it is wanted again', async () => {
    const { id } = await dead()
    await replay(id)
    const second = await replay(id)
    assert.equal(
      [second.status, second.body.code, second.body.state],
      [409, 'dead-letter-settled', 'REPLAYED'],
    )
    assert.is(sink.taker.taken.length, 1)
    assert.equal((await replay(id, '?again=true')).body.replays.length, 2)

    const { id: discarded } = await dead()
    await sink.admin('POST', `/v1/dead-letters/${discarded}/discard`, { reason: 'by mistake' })
    assert.is((await replay(discarded)).body.code, 'dead-letter-settled')
    const { body } = await replay(discarded, '?again=true')
    assert.equal([body.state, body.reason], ['REPLAYED', null])
  })

  it('behind a Broker that delivers before it answers does not hide that it died again', async () => {
    const { id, headers } = await dead({ 'ce-knativeerrordest': undefined })
    const again = { ...headers, 'ce-knativearrivaltime': '2026-11-20T12:00:00Z' }
    sink.taker.answers({
      status: 202,
      meanwhile: async () => void (await sink.post(again, '{}')),
    })
    const { body } = await replay(id)
    assert.equal([body.state, body.times, body.replays[0].outcome], ['DEAD', 2, 'TAKEN'])
  })

  it('of many takes what matches up to the limit, first what was never tried', async () => {
    const type = `com.example.${newId()}`
    const all = []
    for (let i = 0; i < 5; i++) all.push((await dead({ 'ce-type': type })).id)
    await dead({ 'ce-type': type, 'ce-knativeerrordest': urlOf('seating') })
    const many = (body: object) => sink.admin('POST', '/v1/dead-letters/replay', body)

    sink.taker.answers({ status: 503 })
    const first = await many({ type, function: 'tickets', limit: 2 })
    assert.equal(first.body.items.map(({ id }: any) => id).toSorted(), all.slice(0, 2).toSorted())
    for (const { outcome, code, state } of first.body.items)
      assert.equal([outcome, code, state], ['REFUSED', 503, 'DEAD'])
    assert.is(first.body.waiting, 5)

    sink.taker.answers()
    const second = await many({ type, function: 'tickets', limit: 3 })
    assert.equal(second.body.items.map(({ id }: any) => id).toSorted(), all.slice(2).toSorted())
    assert.is(second.body.waiting, 2)
    const rest = await many({ type })
    assert.equal([rest.body.items.length, rest.body.waiting], [3, 0])
    assert.equal((await many({ type })).body, { items: [], waiting: 0 })
  })

  it('of many begins none when the caller has no time left for it', async () => {
    const type = `com.example.${newId()}`
    const { id } = await dead({ 'ce-type': type })
    const soon = { 'x-deadline-ms': '3000' }
    const many = await sink.admin('POST', '/v1/dead-letters/replay', { type }, soon)
    assert.equal(many.body, { items: [], waiting: 1 })
    const one = await sink.admin('POST', `/v1/dead-letters/${id}/replay`, undefined, {
      'x-deadline-ms': '1500',
    })
    assert.equal([one.status, one.body.code], [504, 'time-limit'])
    assert.is(sink.taker.taken.length, 0)
  })

  it('whose process died can be made again once its lease is over', async () => {
    const { id } = await dead()
    const lease = (until: string) =>
      look(
        sink.deps.database,
        `update dead_letters set replay_id = $2, replaying_until = now() + $3::interval where id = $1`,
        [id, newId(), until],
      )
    await lease('5 s')
    const early = await replay(id)
    assert.equal([early.status, early.body.code], [409, 'replay-in-progress'])
    await lease('-1 s')
    assert.is((await replay(id)).body.state, 'REPLAYED')
  })
})
