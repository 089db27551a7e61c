import { once } from 'node:events'
import pg from 'pg'
import * as assert from 'uvu/assert'
import { withClient } from '../../../compose/local/databases.ts'
import { describe } from '../../../functions/_runtime/test.ts'
import { startServices } from '../../../functions/_runtime/testing/services.ts'
import { openEdge, type Edge } from '../proxy.ts'
import { createRandom } from '../random.ts'
import { createPostgresWrites } from '../writes.ts'

type Services = Awaited<ReturnType<typeof startServices>>

describe('an answer that is lost after COMMIT', (it) => {
  let services: Services
  let edge: Edge
  let url: URL

  it.before(async () => {
    services = await startServices()
    const port = Number(new URL(services.adminUrl).port)
    edge = await openEdge({
      name: 'test>postgres',
      target: () => port,
      random: createRandom(1),
      isWrite: createPostgresWrites(),
    })
    url = new URL(services.adminUrl)
    url.port = String(edge.port)
    await run('create table if not exists lost_answers (n int)')
  })
  it.after(async () => {
    await edge.close()
    await run('drop table lost_answers')
    await services.stop()
  })

  const run = (sql: string) => withClient(services.adminUrl, (client) => client.query(sql))
  const count = async () => Number((await run('select count(*) from lost_answers')).rows[0].count)

  /** A client whose errors are those of its statements. */
  async function connected() {
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  it('of a statement by itself: the client has an error, the row is there', async () => {
    const client = await connected()
    edge.trouble({ kind: 'deaf', chance: 1 })
    const error = await client
      .query({ name: 'one', text: 'insert into lost_answers values ($1)', values: [1] })
      .then(() => undefined)
      .catch((err: Error) => err.message)
    edge.trouble({ kind: 'none' })
    assert.match(String(error), /ECONNRESET|terminated/)
    assert.is(await count(), 1)
  })

  it('of a statement that was prepared before anything was wrong', async () => {
    const client = await connected()
    const insert = { name: 'two', text: 'insert into lost_answers values ($1)' }
    await client.query({ ...insert, values: [2] })
    edge.trouble({ kind: 'deaf', chance: 1 })
    const isDone = await client.query({ ...insert, values: [3] }).then(
      () => true,
      () => false,
    )
    edge.trouble({ kind: 'none' })
    assert.equal([isDone, await count()], [false, 3])
  })

  it('of a transaction: its COMMIT is done', async () => {
    const client = await connected()
    await client.query({ name: 'begin', text: 'begin', values: [] })
    await client.query({ name: 'four', text: 'insert into lost_answers values (4)', values: [] })
    edge.trouble({ kind: 'deaf', chance: 1 })
    const isDone = await client.query({ name: 'commit', text: 'commit', values: [] }).then(
      () => true,
      () => false,
    )
    edge.trouble({ kind: 'none' })
    assert.equal([isDone, await count()], [false, 4])
  })

  it('what only reads keeps its answer', async () => {
    const client = await connected()
    edge.trouble({ kind: 'deaf', chance: 1 })
    const { rows } = await client.query({ name: 'read', text: 'select 1 as one', values: [] })
    edge.trouble({ kind: 'none' })
    assert.is(rows[0].one, 1)
    await Promise.all([once(client, 'end'), client.end()])
  })
})
