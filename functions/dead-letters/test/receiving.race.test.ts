import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import {
  deadHeaders,
  look,
  openDeadLetters,
  openInstance,
  untilTaken,
  type DeadLetters,
} from './support.ts'

describe('a dead letter that is delivered twenty times at once, at two instances', (it) => {
  let sink: DeadLetters
  let other: ReturnType<typeof openInstance>
  it.before(async () => {
    sink = await openDeadLetters({ DATABASE_CONNECTIONS: '20' })
    other = openInstance(sink.env)
  })
  it.after(async () => {
    await other.close()
    await sink.close()
  })

  it('is one, and every delivery is counted', async () => {
    const headers = deadHeaders()
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        untilTaken(() => (i % 2 ? sink : other).post(headers, '{}')),
      ),
    )
    assert.is((await sink.kept(headers['ce-id'] as string)).times, 20)
  })

  it('twin: looking first and then writing, without the unique key, keeps many', async () => {
    const { database } = sink.deps
    await look(database, `create table unguarded (event_id text)`)
    const see = statement('twin-see', 'select 1 from unguarded where event_id = $1')
    const write = statement('twin-write', 'insert into unguarded values ($1)')
    const id = newId()
    const seen = await Promise.all(Array.from({ length: 20 }, () => database.query(see, [id])))
    const unseen = seen.filter((rows) => rows.length === 0)
    await Promise.all(unseen.map(() => database.query(write, [id])))
    assert.is(await look(database, 'select count(*)::int from unguarded'), 20)
  })
})
