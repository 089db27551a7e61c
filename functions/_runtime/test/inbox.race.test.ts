import * as assert from 'uvu/assert'
import { statement, type Sql } from '../database.ts'
import { newId } from '../ids.ts'
import { isFirst } from '../inbox.ts'
import type { Problem } from '../problem.ts'
import type { Received } from '../receive.ts'
import { describe } from '../test.ts'
import { look } from '../testing/ask.ts'
import { openRuntime, type Opened } from './support.ts'

const effect = statement('test-effect', 'insert into effects (id) values ($1)')

describe('the inbox', (it) => {
  let runtime: Opened
  it.before(async () => (runtime = await openRuntime({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => runtime.close())

  const event = (): Received => ({
    id: newId(),
    source: '/functions/payments',
    type: 'dev.boxoffice.payment.succeeded.v1',
    subject: undefined,
    data: null,
  })
  const deliver = async (one: Received, guard: (tx: Sql, event: Received) => Promise<boolean>) =>
    runtime.database.transaction(async (tx) => {
      if (await guard(tx, one)) await tx.query(effect, [one.id])
    })
  const effectsOf = (one: Received) =>
    look(runtime.database, 'select count(*)::int from effects where id = $1', [one.id])

  it('lets an event have its effect once, however often and however close it is delivered', async () => {
    const one = event()
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => deliver(one, isFirst)))
    for (const tried of tries)
      if (tried.status === 'rejected') assert.is((tried.reason as Problem).code, 'busy')
    assert.is(await effectsOf(one), 1)
  })

  it('lets the second delivery do the work when the first was rolled back', async () => {
    const one = event()
    const failed = runtime.database.transaction(async (tx) => {
      await isFirst(tx, one)
      throw new Error('crashed')
    })
    await failed.catch(() => {})
    await deliver(one, isFirst)
    assert.is(await effectsOf(one), 1)
  })

  it('the twin: looking whether the event was seen, without the row in the transaction, has the effect many times', async () => {
    const one = event()
    const seen = statement('twin-seen', 'select 1 from effects where id = $1')
    await Promise.all(
      Array.from({ length: 20 }, () =>
        deliver(one, async (tx) => (await tx.query(seen, [one.id])).length === 0),
      ),
    )
    assert.ok((await effectsOf(one)) > 1)
  })
})
