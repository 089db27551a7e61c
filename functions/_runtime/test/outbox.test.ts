import * as assert from 'uvu/assert'
import { inContext } from '../context.ts'
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
