import * as assert from 'uvu/assert'
import * as z from 'zod'
import { route } from '../../../contracts/route.ts'
import { CallFailed, createCalls } from '../calls.ts'
import { inContext } from '../context.ts'
import { createMetrics } from '../metrics.ts'
import { Problem } from '../problem.ts'
import { describe } from '../test.ts'
import { openServer } from './support.ts'

const getThing = route({
  method: 'GET',
  path: '/v1/things/:id',
  owner: 'seating',
  summary: 'a thing',
  access: { functions: ['orders'] },
  data: 'any',
  params: z.object({ id: z.string() }),
  answers: { 200: z.object({ name: z.string() }) },
})

describe('calls between functions', (it) => {
  const call = (address: string) =>
    createCalls({
      self: 'orders',
      namespace: 'boxoffice',
      ingressAddress: address,
      addresses: '',
      tokenFor: async () => 'a-token',
      metrics: createMetrics('orders'),
    })
  const thing = { params: { id: 'a/b' } }
  const failure = async (work: Promise<unknown>) =>
    work.then(
      () => assert.unreachable('it should fail'),
      (err: unknown) => err,
    )

  it('carry the host of the function, the token, the correlation and the time that is left', async () => {
    const server = await openServer((outgoing) => outgoing.end('{"name":"x"}'))
    const calls = call(server.address)
    const deadlineAt = performance.now() + 3000
    const { status, body } = await inContext({ correlationId: 'correlation-2', deadlineAt }, () =>
      calls(getThing, thing),
    )
    assert.equal([status, body], [200, { name: 'x' }])
    const [got] = server.received
    assert.is(got?.url, '/v1/things/a%2Fb')
    assert.is(got?.headers.host, 'seating.boxoffice.svc.cluster.local')
    assert.is(got?.headers.authorization, 'Bearer a-token')
    assert.is(got?.headers['x-correlation-id'], 'correlation-2')
    assert.match(String(got?.headers.traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    const left = Number(got?.headers['x-deadline-ms'])
    assert.ok(left > 2000 && left <= 3000)
    calls.close()
    await server.close()
  })

  it("throw the other's refusal with its code and facts, after one attempt", async () => {
    const server = await openServer((outgoing) =>
      outgoing
        .writeHead(409)
        .end('{"code":"seat-taken","detail":"A-1","status":409,"seats":[{"seatId":"1"}]}'),
    )
    const calls = call(server.address)
    const err = await failure(calls(getThing, thing))
    assert.instance(err, Problem)
    assert.equal(
      [(err as Problem).code, (err as Problem).facts],
      ['seat-taken', { seats: [{ seatId: '1' }] }],
    )
    assert.is(server.received.length, 1)
    calls.close()
    await server.close()
  })

  it('that are not let in fail with no effect: the caller of the caller is not told to log in', async () => {
    for (const status of [401, 403]) {
      const server = await openServer((outgoing) =>
        outgoing.writeHead(status).end('{"code":"not-signed-in","detail":"Log in"}'),
      )
      const calls = call(server.address)
      const err = await failure(calls(getThing, thing))
      assert.instance(err, CallFailed)
      assert.is((err as CallFailed).effect, 'none')
      calls.close()
      await server.close()
    }
  })

  it('are made again after a 503, and give the answer that comes then', async () => {
    let count = 0
    const server = await openServer((outgoing) =>
      ++count < 3 ? outgoing.writeHead(503).end() : outgoing.end('{"name":"x"}'),
    )
    const calls = call(server.address)
    assert.is((await calls(getThing, thing)).status, 200)
    assert.is(count, 3)
    calls.close()
    await server.close()
  })

  it('fail with no effect where nobody listens, and with an unknown one where the answer is lost', async () => {
    const nobody = call('127.0.0.1:9')
    const none = await failure(nobody(getThing, thing))
    assert.is((none as CallFailed).effect, 'none')
    nobody.close()
    const server = await openServer((outgoing) => outgoing.destroy())
    const calls = call(server.address)
    const lost = await failure(calls(getThing, thing))
    assert.is((lost as CallFailed).effect, 'unknown')
    calls.close()
    await server.close()
  })

  it('wait no longer than the work at hand may last', async () => {
    const server = await openServer(() => {})
    const calls = call(server.address)
    const start = performance.now()
    const deadlineAt = start + 300
    const err = await failure(inContext({ deadlineAt }, () => calls(getThing, thing)))
    assert.instance(err, CallFailed)
    assert.ok(performance.now() - start < 600)
    calls.close()
    await server.close()
  })

  for (const clockStepMs of [0, -3_600_000])
    it(`stop asking a function that keeps failing, and ask again after a while, the clock set by ${clockStepMs} ms`, async () => {
      let isUp = false
      const server = await openServer((outgoing) =>
        isUp ? outgoing.end('{"name":"x"}') : outgoing.writeHead(500).end(),
      )
      const calls = call(server.address)
      const { now } = Date
      try {
        for (let i = 0; i < 4; i++) await failure(calls(getThing, thing))
        const asked = server.received.length
        assert.is(((await failure(calls(getThing, thing))) as CallFailed).effect, 'none')
        assert.is(server.received.length, asked)
        isUp = true
        Date.now = () => now() + clockStepMs
        await new Promise((resolve) => setTimeout(resolve, 2100))
        assert.is((await calls(getThing, thing)).status, 200)
      } finally {
        Date.now = now
        calls.close()
        await server.close()
      }
    })
})
