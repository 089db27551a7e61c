import { createServer } from 'node:http'
import * as assert from 'uvu/assert'
import * as z from 'zod'
import { route } from '../../../contracts/route.ts'
import { CallFailed, createCalls } from '../calls.ts'
import { inContext } from '../context.ts'
import { createMetrics } from '../metrics.ts'
import { neighbours } from '../neighbours.ts'
import { Problem, problemBody } from '../problem.ts'
import { describe } from '../test.ts'

const putThing = route({
  method: 'PUT',
  path: '/v1/things/:id',
  owner: 'seating',
  summary: 'a thing',
  access: { functions: ['orders'] },
  data: 'any',
  params: z.object({ id: z.string() }),
  body: z.object({ name: z.string() }),
  answers: { 200: z.object({ name: z.string() }) },
})

describe('calls within a process', (it) => {
  let asked: Request[] = []
  let bodies: unknown[] = []
  let connections = 0
  const server = createServer().on('connection', (socket) => {
    connections += 1
    socket.destroy()
  })
  let calls: ReturnType<typeof createCalls>

  it.before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    calls = createCalls({
      self: 'orders',
      namespace: 'boxoffice',
      ingressAddress: `127.0.0.1:${(server.address() as { port: number }).port}`,
      addresses: '',
      tokenFor: async () => 'a-token',
      metrics: createMetrics('orders'),
    })
  })
  it.after(() => {
    neighbours.clear()
    calls.close()
    server.close()
  })

  /** Moves seating in next door. */
  const move = (answer: () => Response | Promise<Response>) => {
    asked = []
    bodies = []
    const fetch = async (request: Request) => {
      asked.push(request)
      bodies.push(await request.json())
      return answer()
    }
    neighbours.set('seating', { fetch, direct: new Map() })
  }
  const call = () => calls(putThing, { params: { id: 'a/b' }, body: { name: 'é' } })

  it('are the same requests, without a connection', async () => {
    move(() => Response.json({ name: 'x' }))
    const deadlineAt = performance.now() + 3000
    const { status, body } = await inContext({ correlationId: 'correlation-3', deadlineAt }, call)
    assert.equal([status, body], [200, { name: 'x' }])
    const [request] = asked
    assert.is(request?.method, 'PUT')
    assert.is(new URL(request?.url ?? '').pathname, '/v1/things/a%2Fb')
    assert.is(request?.headers.get('authorization'), 'Bearer a-token')
    assert.is(request?.headers.get('x-correlation-id'), 'correlation-3')
    assert.ok(Number(request?.headers.get('x-deadline-ms')) <= 3000)
    assert.equal(bodies, [{ name: 'é' }])
    assert.is(connections, 0)
  })

  it('throw the refusal of the neighbour, after one attempt', async () => {
    const refusal = new Problem('seat-taken', 'gone', { seats: [1] })
    move(() => Response.json(problemBody(refusal, '/'), { status: 409 }))
    const err = await call().catch((thrown: unknown) => thrown)
    assert.instance(err, Problem)
    assert.equal([(err as Problem).code, (err as Problem).facts], ['seat-taken', { seats: [1] }])
    assert.is(asked.length, 1)
  })

  it('take no answer within the time for unknown', async () => {
    move(() => new Promise<Response>(() => {}))
    const err = await inContext({ deadlineAt: performance.now() + 200 }, call).catch(
      (thrown: unknown) => thrown,
    )
    assert.instance(err, CallFailed)
    assert.is((err as CallFailed).effect, 'unknown')
  })
})
