import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { deadHeaders, look, openDeadLetters, type DeadLetters } from './support.ts'

describe('what is kept', (it) => {
  let sink: DeadLetters
  it.before(async () => (sink = await openDeadLetters({ KEPT_MAX: '4', KEPT_DAYS: '7' })))
  it.beforeEach(() => look(sink.deps.database, 'truncate dead_letters cascade'))
  it.after(() => sink.close())

  /** A dead letter of so many days ago, named after its place. */
  async function add(name: string, state: string, days: number) {
    await sink.post(deadHeaders({ 'ce-id': name }), '{}')
    await look(
      sink.deps.database,
      `update dead_letters set state = $2, died_at = now() - make_interval(days => $3),
         settled_at = case when $2 <> 'DEAD' then now() - make_interval(days => $3) end
       where event_id = $1`,
      [name, state, days],
    )
  }
  const left = () =>
    look(sink.deps.database, `select string_agg(event_id, ' ' order by event_id) from dead_letters`)

  it('is forgotten some days after it was settled, and not while it waits', async () => {
    await add('a', 'REPLAYED', 8)
    await add('b', 'REPLAYED', 6)
    await add('c', 'DEAD', 100)
    await add('d', 'DISCARDED', 8)
    assert.is(await sink.deps.tidying.run(), 2)
    assert.is(await left(), 'b c')
  })

  it('has a limit: the oldest settled ones go first, then the oldest that wait', async () => {
    for (const [name, state, days] of [
      ['a', 'DEAD', 6],
      ['b', 'DEAD', 5],
      ['c', 'DEAD', 4],
      ['d', 'DEAD', 3],
      ['e', 'DEAD', 2],
      ['f', 'REPLAYED', 1],
      ['g', 'REPLAYED', 0],
    ] as const)
      await add(name, state, days)
    await sink.deps.tidying.run()
    assert.is(await left(), 'b c d e')
    const { text } = await sink.ask('GET', '/metrics')
    assert.match(text, /dead_letters_dropped_total\{state="DEAD"[^}]*\} 1\n/)
  })

  it('is looked after when something comes in, and never what is being replayed', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await add(name, 'DEAD', 1)
    await look(
      sink.deps.database,
      `update dead_letters set replay_id = $1, replaying_until = now() + interval '9 s' where event_id = 'a'`,
      [newId()],
    )
    for (let i = 0; i < 101; i++) await sink.post(deadHeaders({ 'ce-id': `e${i}` }), '{}')
    const count = await look(sink.deps.database, 'select count(*)::int from dead_letters')
    assert.ok(count < 101, String(count))
    assert.match(await left(), /^a /)
  })
})
