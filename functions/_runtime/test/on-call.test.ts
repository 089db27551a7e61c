import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import fc from 'fast-check'
import * as z from 'zod'
import type { FunctionName } from '../../../contracts/functions.ts'
import { route, type Route } from '../../../contracts/route.ts'
import { listenerFor } from '../adapter.ts'
import { createFunctionApp } from '../app.ts'
import { CallFailed, createCalls, type Called, type Calls } from '../calls.ts'
import { current, inContext, type Context } from '../context.ts'
import type { Log } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { neighbours } from '../neighbours.ts'
import { onCall } from '../on-call.ts'
import { overJson } from '../over-json.ts'
import { Problem } from '../problem.ts'
import { describe } from '../test.ts'
import { createTokens } from '../tokens.ts'

const common = { owner: 'seating', summary: 'a test', data: 'any' } as const
const access = { functions: ['orders'] } as const

const putThing = route({
  ...common,
  access,
  method: 'PUT',
  path: '/v1/things/:id',
  params: z.strictObject({ id: z.string().max(6) }),
  query: z.strictObject({
    size: z.string().regex(/^\d$/).transform(Number),
    more: z.string().optional(),
  }),
  headers: z.object({ 'if-match': z.string().regex(/^"/), 'last-event-id': z.string().optional() }),
  body: z.strictObject({
    name: z.string(),
    note: z.string().optional(),
    facts: z.record(z.string(), z.unknown()).optional(),
  }),
  answers: {
    200: z.strictObject({ given: z.unknown(), at: z.string(), none: z.null().optional() }),
  },
  problems: ['seat-taken'],
})
const drop = route({
  ...common,
  access,
  method: 'DELETE',
  path: '/v1/things',
  body: z.strictObject({ how: z.string() }),
  answers: { 204: null },
  problems: ['seat-taken'],
})

const thing = { params: { id: 'a/b' }, query: { size: 2 }, headers: { 'if-match': '"1"' } }

describe('a route that neighbours call directly', (it) => {
  const logged: unknown[] = []
  const contexts: Context[] = []
  const kept: Record<string, unknown>[] = []
  const metrics = createMetrics('seating')
  let server: Server
  let direct: NonNullable<ReturnType<typeof neighbours.get>>['direct']

  const tokensOf = (self: FunctionName) =>
    createTokens({ self, serviceKey: 'k'.repeat(32), fetchKeys: async () => undefined })

  it.before(async () => {
    const note = (facts: Record<string, unknown>, message: string) =>
      void logged.push([message, facts.path, current().correlationId])
    const log: Log = { debug: note, info: note, warn: note, error: note }
    const tokens = tokensOf('seating')
    const parts = { name: 'seating', log, metrics, tokens, checkAnswers: true } as const
    const app = createFunctionApp(parts)
    onCall(app, parts, putThing, async ({ caller, ...given }) => {
      contexts.push(current())
      kept.push(given.body)
      if (given.body.name === 'wrong') return {} as never
      return { given: { ...given, caller }, at: new Date(0) as never, none: undefined }
    })
    onCall(app, parts, drop, async ({ body: { how } }) => {
      if (how === 'refuse')
        throw new Problem('seat-taken', 'gone', { seats: [1], at: new Date(0), none: undefined })
      if (how === 'busy') throw new Problem('busy', 'later')
      if (how === 'unnamed') throw new Problem('hold-lost', 'no contract says so')
      if (how === 'break') throw new TypeError('a bug')
      if (how === 'wait') await new Promise((resolve) => setTimeout(resolve, 400))
    })
    direct = app.direct
    server = createServer(listenerFor(app.fetch))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  it.after(() => {
    neighbours.clear()
    server.closeAllConnections()
    server.close()
  })

  type How = { self?: FunctionName; ms?: number }
  type Work<Result> = (calls: Calls) => Promise<Result>

  /** What comes of calls by `self` over a socket, then of the same by a neighbour that has nothing but direct routes. */
  async function bothWays<Result>(work: Work<Result>, { self = 'orders', ms = 3000 }: How = {}) {
    const results: (Result | object)[] = []
    for (const isDirect of [false, true]) {
      neighbours.clear()
      const fetch = () => assert.unreachable('this is no direct call') as never
      if (isDirect) neighbours.set('seating', { direct, fetch })
      const calls = createCalls({
        self,
        namespace: 'boxoffice',
        ingressAddress: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        addresses: '',
        tokenFor: tokensOf(self).forCallee,
        metrics: createMetrics(self),
      })
      const context = { correlationId: 'correlation-4', deadlineAt: performance.now() + ms }
      results.push(await inContext(context, () => work(calls).catch(refusalOf)))
      calls.close()
    }
    const [socket, neighbour] = results
    assert.equal(neighbour, socket)
    return neighbour as Record<string, unknown>
  }

  function refusalOf(err: unknown): object {
    if (err instanceof CallFailed) return { effect: err.effect }
    if (!(err instanceof Problem)) throw err
    return { code: err.code, detail: err.message, facts: err.facts }
  }

  const puts =
    <R extends Route = typeof putThing>(more: object): Work<Called<R>> =>
    (calls) =>
      calls(putThing, { ...thing, body: { name: 'é' }, ...more }) as Promise<Called<R>>
  const drops = (how: string) => (calls: Calls) => calls(drop, { body: { how } })

  it('gets and answers what it would over a socket: texts for times, nothing that is undefined', async () => {
    const body = { name: 'é', note: undefined, facts: { at: new Date(0), list: [undefined, NaN] } }
    const query = { size: 2, more: undefined }
    const answer = await bothWays(puts({ body, query }))
    const facts = { at: '1970-01-01T00:00:00.000Z', list: [null, null] }
    const caller = { kind: 'function', name: 'orders' }
    const given = { ...thing, body: { name: 'é', facts }, caller }
    assert.equal(answer, { status: 200, body: { given, at: '1970-01-01T00:00:00.000Z' } })
    assert.equal(Object.keys(kept.at(-1) ?? {}), ['name', 'facts'])
    assert.equal(Object.keys(answer.body as object), ['given', 'at'])
  })

  it('is given what JSON would make of a body', () => {
    const time = fc.date({ noInvalidDate: true })
    const leaf = fc.oneof(fc.constant(undefined), fc.double(), fc.string(), time, fc.boolean())
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(leaf, fc.array(tie('tree')), fc.dictionary(fc.string(), tie('tree'))),
    }))
    const isPlain = (value: unknown) => !/"__proto__":/.test(JSON.stringify(value) ?? '')
    fc.assert(
      fc.property(tree.filter(isPlain), (value) => {
        const text = JSON.stringify(value)
        assert.is(JSON.stringify(overJson(value)), text)
        if (text !== undefined) assert.equal(overJson(value), JSON.parse(text))
      }),
    )
  })

  it('shares no object with its caller', async () => {
    const facts = { list: [1] }
    const { body } = (await bothWays(puts({ body: { name: 'x', facts } }))) as never as {
      body: { given: { body: { facts: { list: number[] } } } }
    }
    const [mine] = kept.slice(-1) as [{ facts: { list: number[] } }]
    assert.is.not(mine.facts.list, facts.list)
    assert.is.not(body.given.body.facts.list, mine.facts.list)
  })

  it('answers without a body', async () => {
    assert.equal(await bothWays(drops('')), { status: 204, body: undefined })
  })

  it('refuses with code, detail and facts', async () => {
    const facts = { seats: [1], at: '1970-01-01T00:00:00.000Z' }
    const refusal = await bothWays(drops('refuse'))
    assert.equal(refusal, { code: 'seat-taken', detail: 'gone', facts })
    assert.equal(Object.keys(refusal.facts as object), ['seats', 'at'])
  })

  it('refuses all that is wrong with a request, by JSON pointer', async () => {
    const refusal = await bothWays(
      puts({
        params: { id: 'too long' },
        query: { size: 'x' },
        headers: { 'if-match': '1' },
        body: { name: 1, more: true },
      }),
    )
    assert.is(refusal.code, 'invalid-request')
    const { errors } = refusal.facts as { errors: { pointer: string }[] }
    assert.equal(
      errors.map(({ pointer }) => pointer),
      ['#/params/id', '#/query/size', '#/headers/if-match', '#/name', '#'],
    )
  })

  it('refuses NUL characters and fields named __proto__', async () => {
    const named = (name: string) => JSON.parse(`{"name":"x","facts":{"${name}":1}}`) as object
    for (const body of [{ name: 'a\0b' }, named('a\\u0000b'), named('__proto__')])
      assert.is((await bothWays(puts({ body }))).code, 'invalid-request')
  })

  it('lets in only whom its access names', async () => {
    const reached = kept.length
    assert.equal(await bothWays(puts({}), { self: 'payments' }), { effect: 'none' })
    assert.is(kept.length, reached)
  })

  it('says of a bug no more than that nobody knows its effect, and logs it', async () => {
    logged.length = 0
    assert.equal(await bothWays(drops('break')), { effect: 'unknown' })
    const line = ['a request failed on a bug', '/v1/things', 'correlation-4']
    assert.ok(logged.length >= 2)
    for (const one of logged) assert.equal(one, line)
  })

  it('is a bug in tests where it answers or refuses what its contract does not name', async () => {
    assert.equal(await bothWays(drops('unnamed')), { effect: 'unknown' })
    assert.equal(await bothWays(puts({ body: { name: 'wrong' } })), { effect: 'unknown' })
  })

  it('is waited for no longer than the work at hand may last', async () => {
    const start = performance.now()
    assert.equal(await bothWays(drops('wait'), { ms: 240 }), { effect: 'unknown' })
    assert.ok(performance.now() - start < 780)
  })

  it('is called again where it was busy', async () => {
    logged.length = 0
    assert.equal(await bothWays(drops('busy')), { effect: 'unknown' })
    assert.ok(logged.length > 2)
  })

  it('has a context of its own: the correlation and trace of its caller, and the time that is left', async () => {
    contexts.length = 0
    let outside: Context | undefined
    await bothWays(async (calls) => {
      outside = current()
      const { status } = await puts({})(calls)
      assert.is(current(), outside)
      return status
    })
    for (const { correlationId, deadlineAt } of contexts) {
      assert.is(correlationId, 'correlation-4')
      assert.ok(deadlineAt <= performance.now() + 3000 && deadlineAt > performance.now() + 1000)
    }
    assert.is(contexts.at(-1)?.traceparent, outside?.traceparent)
    assert.is.not(contexts.at(-1), outside)
  })

  it('counts in the histogram as over a socket, by its pattern and status', async () => {
    const counts = async () =>
      (await metrics.httpSeconds.get()).values
        .filter(({ metricName }) => metricName?.endsWith('_count'))
        .map(({ labels: { method, route: path, status }, value }) => ({
          label: `${method} ${path} ${status}`,
          value,
        }))
    const before = new Map((await counts()).map(({ label, value }) => [label, value]))
    for (const call of [puts({}), puts({ params: { id: 'too long' } })]) await bothWays(call)
    for (const how of ['', 'refuse']) await bothWays(drops(how))
    // Too little time to call again.
    await bothWays(drops('break'), { ms: 45 })
    const grown = (await counts())
      .map(({ label, value }) => [label, value - (before.get(label) ?? 0)] as const)
      .filter(([, count]) => count > 0)
    assert.equal(Object.fromEntries(grown), {
      'PUT /v1/things/:id 200': 2,
      'PUT /v1/things/:id 400': 2,
      'DELETE /v1/things 204': 2,
      'DELETE /v1/things 409': 2,
      'DELETE /v1/things 500': 2,
    })
  })
})
