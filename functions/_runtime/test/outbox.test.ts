import * as assert from 'uvu/assert'
import { inContext } from '../context.ts'
import { statement } from '../database.ts'
import { newId } from '../ids.ts'
import { isSigned } from '../signature.ts'
import { describe } from '../test.ts'
import { look } from '../testing/ask.ts'
import { eventKey } from '../testing/tokens.ts'
import { openRuntime, openServer, type Opened } from './support.ts'

describe('the outbox', (it) => {
  let status = 202
  let delayMs = 0
  let broker: Awaited<ReturnType<typeof openServer>>
  let runtime: Opened

  it.before(async () => {
    broker = await openServer((outgoing) =>
      setTimeout(() => outgoing.writeHead(status).end(), delayMs),
    )
    runtime = await openRuntime({ BROKER_URL: `${broker.url}/boxoffice/default` })
  })
  it.beforeEach(() => {
    status = 202
    delayMs = 0
    broker.received.length = 0
  })
  it.after(async () => {
    await runtime.close()
    await broker.close()
  })

  const write = async () => {
    const { database, outbox } = runtime
    const data = { userId: newId(), version: 1 }
    const row = inContext({ correlationId: 'correlation-1' }, () =>
      outbox.row('dev.boxoffice.user.erased.v1', data.userId, data),
    )
    await database.transaction((tx) => outbox.write(tx, [row]))
    return row
  }
  const unsent = () => look(runtime.database, 'select count(*)::int from outbox_unsent')
  const makeDue = () =>
    look(runtime.database, `update outbox_unsent set due_at = now() - interval '1 s'`)

  it('sends a committed row as a signed CloudEvent and forgets it', async () => {
    const row = await write()
    runtime.outbox.send([row])
    await runtime.outbox.settle()
    const [sent] = broker.received
    assert.is(sent?.headers['ce-id'], row.id)
    assert.is(sent?.headers['ce-type'], 'dev.boxoffice.user.erased.v1')
    assert.is(sent?.headers['ce-source'], '/functions/orders')
    assert.is(sent?.headers['ce-correlationid'], 'correlation-1')
    const event = {
      ...row,
      source: '/functions/orders',
      subject: row.aggregateid,
      data: JSON.parse(sent?.body ?? ''),
    }
    assert.ok(isSigned(eventKey, event, sent?.headers['ce-sig']))
    assert.is(await unsent(), 0)
    assert.is(await look(runtime.database, 'select count(*)::int from outbox'), 1)
  })

  it('forgets a sent row also where the request that wrote it is over by then', async () => {
    const { database, outbox } = runtime
    const deadlineAt = performance.now() + 300
    delayMs = 500
    await inContext({ deadlineAt }, async () => outbox.send([await write()]))
    await outbox.settle()
    assert.ok(performance.now() > deadlineAt)
    assert.is(broker.received.length, 1)
    assert.is(await look(database, 'select count(*)::int from outbox_unsent'), 0)
  })

  it('keeps a row that the Broker did not take, and the sweep sends it again under its id', async () => {
    status = 503
    const row = await write()
    runtime.outbox.send([row])
    await runtime.outbox.settle()
    assert.is(await unsent(), 1)
    status = 202
    assert.is(await runtime.outbox.sweep(), 0, 'not due yet: it may still be on its way')
    await makeDue()
    assert.is(await runtime.outbox.sweep(), 1)
    assert.equal(
      broker.received.map(({ headers }) => headers['ce-id']),
      [row.id, row.id],
    )
    assert.is(await unsent(), 0)
  })

  it('leaves no trace of a change that was rolled back', async () => {
    const { database, outbox } = runtime
    const before = await look(database, 'select count(*)::int from outbox')
    const failed = database.transaction(async (tx) => {
      const data = { userId: newId(), version: 1 }
      await outbox.write(tx, [outbox.row('dev.boxoffice.user.erased.v1', data.userId, data)])
      throw new Error('changed its mind')
    })
    await failed.catch(() => {})
    assert.is(await look(database, 'select count(*)::int from outbox'), before)
    assert.is(await unsent(), 0)
  })

  it('finds a row that commits after one with a higher id', async () => {
    const { database, outbox } = runtime
    const data = { userId: newId(), version: 1 }
    const slow = outbox.row('dev.boxoffice.user.erased.v1', data.userId, data)
    let quick = ''
    await database.transaction(async (tx) => {
      await outbox.write(tx, [slow])
      quick = (await write()).id
      await makeDue()
      await outbox.sweep()
    })
    await makeDue()
    await outbox.sweep()
    assert.equal(
      broker.received.map(({ headers }) => headers['ce-id']),
      [quick, slow.id],
    )
  })

  it('shares the work between sweeps that run at once: each row goes out once', async () => {
    const rows = await Promise.all(Array.from({ length: 40 }, write))
    await makeDue()
    const counts = await Promise.all([1, 2, 3].map(() => runtime.outbox.sweep()))
    assert.is(
      counts.reduce((sum, count) => sum + count, 0),
      rows.length,
    )
    assert.is(new Set(broker.received.map(({ headers }) => headers['ce-id'])).size, rows.length)
    assert.is(broker.received.length, rows.length)
  })
})

describe('the outbox, where the Broker takes batches', (it) => {
  let broker: Awaited<ReturnType<typeof openServer>>
  let runtime: Opened
  let answer: (ids: string[]) => [status: number, text: string]

  it.before(async () => {
    broker = await openServer((outgoing, { url, body }) => {
      if (!url.endsWith('/batch')) return void outgoing.writeHead(202).end()
      const [status, text] = answer((JSON.parse(body) as { id: string }[]).map(({ id }) => id))
      outgoing.writeHead(status).end(text)
    })
    const BROKER_URL = `${broker.url}/boxoffice/default`
    runtime = await openRuntime({ BROKER_URL, BROKER_BATCH_URL: `${BROKER_URL}/batch` })
  })
  it.beforeEach(() => void (broker.received.length = 0))
  it.after(async () => {
    await runtime.close()
    await broker.close()
  })

  async function send(count: number) {
    const { database, outbox } = runtime
    const rows = Array.from({ length: count }, () => {
      const data = { userId: newId(), version: 1 }
      return outbox.row('dev.boxoffice.user.erased.v1', data.userId, data)
    })
    await database.transaction((tx) => outbox.write(tx, rows))
    outbox.send(rows)
    await outbox.settle()
    return rows
  }
  const unsent = async () => {
    const rows = await runtime.database.query<{ id: string }>(
      statement('test-unsent', 'delete from outbox_unsent returning id'),
    )
    return rows.map(({ id }) => id).toSorted()
  }

  it('sends those of one moment in one request, each signed, and forgets them', async () => {
    answer = (ids) => [200, JSON.stringify(ids.map(() => 202))]
    const rows = await send(3)
    assert.equal(
      broker.received.map(({ url, headers }) => [url, headers['content-type']]),
      [['/boxoffice/default/batch', 'application/cloudevents-batch+json']],
    )
    const events = JSON.parse(broker.received[0]?.body ?? '') as Record<string, unknown>[]
    for (const [i, row] of rows.entries()) {
      const event = events[i] ?? {}
      const { id, type, aggregateid: subject, payload: data } = row
      const source = '/functions/orders'
      assert.equal([event.specversion, event.datacontenttype], ['1.0', 'application/json'])
      assert.ok(isSigned(eventKey, { id, source, type, subject, data }, event.sig))
      assert.equal([event.id, event.subject, event.data], [id, subject, data])
    }
    assert.equal(await unsent(), [])
  })

  it('keeps those of them that the Broker did not take', async () => {
    answer = (ids) => [200, JSON.stringify(ids.map((_, i) => (i === 1 ? 503 : 202)))]
    const rows = await send(3)
    assert.equal(await unsent(), [rows[1]?.id])
  })

  it('keeps all of them where there was no answer that says so', async () => {
    for (const odd of [
      [503, ''],
      [200, ''],
      [200, '{'],
      [200, '[]'],
    ] as const) {
      answer = () => [...odd]
      const rows = await send(2)
      assert.equal(await unsent(), rows.map(({ id }) => id).toSorted(), odd.join())
    }
  })

  it('sends one that comes alone as any Broker takes it', async () => {
    await send(1)
    assert.is(broker.received[0]?.url, '/boxoffice/default')
    assert.equal(await unsent(), [])
  })
})
