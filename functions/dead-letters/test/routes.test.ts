import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { deadHeaders, look, openDeadLetters, urlOf, type DeadLetters } from './support.ts'

describe('dead letters over HTTP', (it) => {
  let sink: DeadLetters
  const type = 'dev.boxoffice.order.refunded.v1'
  it.before(async () => {
    sink = await openDeadLetters()
    for (const more of [
      {},
      {},
      { 'ce-knativeerrordest': urlOf('seating'), 'ce-knativeerrorcode': '503' },
      { 'ce-type': type },
      { 'ce-type': type, 'ce-knativeerrordest': undefined, 'ce-knativeerrorcode': undefined },
    ])
      await sink.post(deadHeaders(more), '{}')
  })
  it.after(() => sink.close())

  const list = async (query: string) => (await sink.admin('GET', `/v1/dead-letters?${query}`)).body

  it('are for admins only', async () => {
    const routes: [string, string, object?][] = [
      ['GET', '/v1/dead-letters'],
      ['GET', '/v1/dead-letters/counts'],
      ['GET', `/v1/dead-letters/${newId()}`],
      ['POST', `/v1/dead-letters/${newId()}/replay`],
      ['POST', '/v1/dead-letters/replay', {}],
      ['POST', `/v1/dead-letters/${newId()}/discard`, { reason: 'none' }],
    ]
    const organizer = await sink.as(newId(), ['organizer', 'box-office', 'steward', 'customer'])
    const orders = await sink.asFunction('orders')
    for (const [method, path, body] of routes) {
      const nobody = await sink.ask(method, path, body)
      assert.equal([nobody.status, nobody.body.code], [401, 'not-signed-in'], path)
      for (const ask of [organizer, orders]) {
        const refused = await ask(method, path, body)
        assert.equal([refused.status, refused.body.code], [403, 'forbidden'], path)
      }
    }
  })

  it('are listed by type, function, destination, code and state, in pages, the last death first', async () => {
    const all = await list('')
    assert.is(all.total, 5)
    const times = all.items.map(({ diedAt }: any) => diedAt)
    assert.equal(times, times.toSorted().toReversed())
    assert.is('data' in all.items[0], false)
    const found: [string, number][] = [
      [`type=${type}`, 2],
      ['function=tickets', 3],
      [`destination=${urlOf('seating')}`, 1],
      ['destination=unknown', 1],
      ['code=503', 1],
      ['state=DEAD', 5],
      ['state=REPLAYED', 0],
      [`type=${type}&function=tickets&code=400&state=DEAD`, 1],
    ]
    for (const [query, total] of found) assert.is((await list(query)).total, total, query)
    const second = await list('size=2&page=2')
    assert.equal(
      second.items.map(({ id }: any) => id),
      all.items.slice(2, 4).map(({ id }: any) => id),
    )
    assert.equal([(await list('size=2&page=9')).items, (await list('page=9')).total], [[], 5])
  })

  it('are counted by type, destination and code', async () => {
    const { body } = await sink.admin('GET', '/v1/dead-letters/counts')
    assert.is(body.total, 5)
    const [first] = body.items
    assert.equal(
      [first.type, first.destination, first.function, first.code, first.count],
      ['dev.boxoffice.order.confirmed.v1', urlOf('tickets'), 'tickets', 400, 2],
    )
    assert.equal(
      body.items.map(({ count }: any) => count),
      [2, 1, 1, 1],
    )
    const none = await sink.admin('GET', '/v1/dead-letters/counts?state=REPLAYED')
    assert.equal(none.body, { items: [], total: 0 })
  })

  it('are refused with what is wrong', async () => {
    const id = newId()
    const wrong: [string, string, object | undefined, number, string][] = [
      ['GET', '/v1/dead-letters?state=GONE', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?function=nobody', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?code=many', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?code=', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?code=0x10', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?size=101', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters?other=1', undefined, 400, 'invalid-request'],
      ['GET', '/v1/dead-letters/one', undefined, 400, 'invalid-request'],
      ['GET', `/v1/dead-letters/${id}`, undefined, 404, 'not-found'],
      ['POST', `/v1/dead-letters/${id}/replay`, undefined, 404, 'not-found'],
      ['POST', `/v1/dead-letters/${id}/replay?again=yes`, undefined, 400, 'invalid-request'],
      ['POST', `/v1/dead-letters/${id}/discard`, { reason: 'none' }, 404, 'not-found'],
      ['POST', `/v1/dead-letters/${id}/discard`, { reason: ' ' }, 400, 'invalid-request'],
      ['POST', '/v1/dead-letters/replay', { limit: 101 }, 400, 'invalid-request'],
      ['POST', '/v1/dead-letters/replay', { state: 'REPLAYED' }, 400, 'invalid-request'],
    ]
    for (const [method, path, body, status, code] of wrong) {
      const answer = await sink.admin(method, path, body)
      assert.equal([answer.status, answer.body.code], [status, code], path)
    }
  })

  it('can be discarded once, with a reason', async () => {
    const [{ id }] = (await list('')).items
    const discard = () =>
      sink.admin('POST', `/v1/dead-letters/${id}/discard`, { reason: 'tested by hand' })
    const { status, body } = await discard()
    assert.equal(
      [status, body.state, body.reason, body.settledBy],
      [200, 'DISCARDED', 'tested by hand', sink.adminId],
    )
    const second = await discard()
    assert.equal(
      [second.status, second.body.code, second.body.state],
      [409, 'dead-letter-settled', 'DISCARDED'],
    )
    assert.is((await list('state=DISCARDED')).total, 1)
  })

  it('cannot be discarded while they are replayed', async () => {
    const [{ id }] = (await list('state=DEAD')).items
    await look(
      sink.deps.database,
      `update dead_letters set replay_id = $2, replaying_until = now() + interval '5 s' where id = $1`,
      [id, newId()],
    )
    const body = { reason: 'too late' }
    const refused = await sink.admin('POST', `/v1/dead-letters/${id}/discard`, body)
    assert.equal([refused.status, refused.body.code], [409, 'replay-in-progress'])
    assert.is((await sink.admin('GET', `/v1/dead-letters/${id}`)).body.isReplaying, true)
  })
})
