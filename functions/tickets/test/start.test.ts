import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { isSigned } from '../../_runtime/signature.ts'
import { describe } from '../../_runtime/test.ts'
import { asking } from '../../_runtime/testing/ask.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { eventKey } from '../../_runtime/testing/tokens.ts'
import type { App } from '../../_runtime/app.ts'
import { start } from '../start.ts'
import { anOrder, ticketsEnv } from './support.ts'

type Published = { headers: IncomingMessage['headers']; data: any }

/** A Broker that takes everything, or nothing. */
async function openBroker() {
  const published: Published[] = []
  const broker = { isUp: true, published, url: '', close: () => server.close() }
  const server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => (body += chunk))
    incoming.on('end', () => {
      if (broker.isUp) published.push({ headers: incoming.headers, data: JSON.parse(body) })
      outgoing.writeHead(broker.isUp ? 202 : 503).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  broker.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/boxoffice/default`
  return broker
}

/** Looks every 20 ms, for 2 s at most. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100 && !(await isSo()); i++)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('tickets as a whole', (it) => {
  let broker: Awaited<ReturnType<typeof openBroker>>
  let loaded: ReturnType<typeof start>
  let parts: ReturnType<typeof asking>
  it.before(async () => {
    broker = await openBroker()
    loaded = start(await ticketsEnv({ BROKER_URL: broker.url }))
    parts = asking(loaded.answer as unknown as App, 'tickets')
  })
  it.after(async () => {
    await loaded.close()
    broker.close()
    await endTesting()
  })

  it('publishes tickets.issued signed, and again under the same id when the order is confirmed again', async () => {
    const order = anOrder()
    const confirm = () =>
      parts.deliver('dev.boxoffice.order.confirmed.v1', order.orderId, order, { id: order.orderId })
    await confirm()
    await until(() => broker.published.length === 1)
    const [first] = broker.published
    assert.ok(first)
    const { headers, data } = first
    assert.is(headers['ce-type'], 'dev.boxoffice.tickets.issued.v1')
    assert.is(headers['ce-source'], '/functions/tickets')
    assert.is(headers['ce-subject'], order.orderId)
    const said = {
      id: String(headers['ce-id']),
      source: '/functions/tickets',
      type: 'dev.boxoffice.tickets.issued.v1',
      subject: order.orderId,
      data,
    }
    assert.ok(isSigned(eventKey, said, headers['ce-sig']))
    assert.is(data.tickets.length, 2)

    // What was sent is forgotten a moment after the Broker took it; until then it is not sent again.
    await until(async () => {
      await confirm()
      assert.is((await parts.deliver('dev.knative.sources.ping', newId(), {})).status, 204)
      return broker.published.length > 1
    })
    assert.is(broker.published.length, 2)
    assert.is(broker.published[1]?.headers['ce-id'], headers['ce-id'])
    assert.equal(broker.published[1]?.data, data)
  })

  it('refuses a CloudEvent that it has no reaction to', async () => {
    const answer = await parts.deliver('dev.boxoffice.payment.failed.v1', newId(), {})
    assert.equal([answer.status, answer.body.code], [400, 'invalid-event'])
  })

  it('does not start without its key, and never prints one', async () => {
    const env = await ticketsEnv({ TICKET_KEY: 'too-short' })
    try {
      start(env)
      assert.unreachable()
    } catch (err) {
      assert.match((err as Error).message, /TICKET_KEY/)
      assert.not.match((err as Error).message, /too-short/)
    }
  })
})
