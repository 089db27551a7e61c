import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { statement } from '../database.ts'
import { Problem } from '../problem.ts'
import { describe } from '../test.ts'
import { look } from '../testing/ask.ts'
import { openRuntime, type Opened } from './support.ts'

const selectPid = statement('test-pid', 'select pg_backend_pid() as pid')
const endBackend = statement('test-end', 'select pg_terminate_backend($1, 5000)')

describe('a connection that Postgres ends in the middle of a transaction', (it) => {
  let runtime: Opened
  it.before(async () => (runtime = await openRuntime()))
  it.after(() => runtime.close())

  /** What the statement after the end says: sent before pg has heard of it, or a while later. */
  const statementAfterEnd = (pauseMs: number) =>
    runtime.database
      .transaction(async (tx) => {
        const [{ pid } = { pid: 0 }] = await tx.query<{ pid: number }>(selectPid)
        await runtime.database.query(endBackend, [pid])
        await sleep(pauseMs)
        await tx.query(selectPid)
      })
      .catch((err: unknown) => err)

  for (const [when, pauseMs] of [
    ['at once', 0],
    ['a while later', 100],
  ] as const)
    it(`is busy for the statement that comes ${when}, and no bug`, async () => {
      const err = await statementAfterEnd(pauseMs)
      assert.instance(err, Problem)
      assert.is((err as Problem).code, 'busy')
      assert.is(await look(runtime.database, 'select 1'), 1)
    })

  it('is told from what is wrong with a statement', async () => {
    const err = await runtime.database
      .query(statement('test-wrong', 'selekt'))
      .catch((thrown: unknown) => thrown)
    assert.not.instance(err, Problem)
    assert.match(String(err), 'syntax error')
  })
})
