import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { describe } from '../../_runtime/test.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { deadHeaders, look, openDeadLetters, openInstance, type DeadLetters } from './support.ts'

/**
 * Two admins, or one and his script, replay the same dead letter at the same moment. The row's lock lets one
 * of them set the lease; the others wait for its commit, see the lease and are refused.
 */
describe('twenty replays of one dead letter at once, at two instances', (it) => {
  let sink: DeadLetters
  let other: ReturnType<typeof openInstance>
  it.before(async () => {
    sink = await openDeadLetters({ DATABASE_CONNECTIONS: '20' })
    other = openInstance(sink.env)
  })
  it.beforeEach(() => sink.taker.answers({ waitMs: 300 }))
  it.after(async () => {
    await other.close()
    await sink.close()
  })

  async function dead() {
    const headers = deadHeaders()
    await sink.post(headers, '{}')
    return (await sink.kept(headers['ce-id'] as string)).id as string
  }

  it('send it once; the others are told that it is under way, or done', async () => {
    const id = await dead()
    const admins = await Promise.all([sink, other].map((one) => one.as(sink.adminId, ['admin'])))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (admins[i % 2] as Ask)('POST', `/v1/dead-letters/${id}/replay`),
      ),
    )
    assert.is(sink.taker.taken.length, 1)
    const statuses = answers.map((answer) => answer.status)
    assert.is(statuses.filter((status) => status === 200).length, 1, statuses.join())
    for (const answer of answers)
      if (answer.status !== 200)
        assert.match(
          `${answer.status} ${answer.body.code}`,
          /^409 (replay-in-progress|dead-letter-settled)$/,
        )
    const count = 'select count(*)::int from replays where dead_letter_id = $1'
    assert.is(await look(sink.deps.database, count, [id]), 1)
  })

  it('of many that match, by two who replay them all: each is sent once', async () => {
    sink.taker.answers()
    const ids = await Promise.all(Array.from({ length: 12 }, dead))
    const admins = await Promise.all([sink, other].map((one) => one.as(sink.adminId, ['admin'])))
    const answers = await Promise.all(
      admins.map((admin) => admin('POST', '/v1/dead-letters/replay', { limit: 100 })),
    )
    const done = answers.flatMap(({ body }) => (body.items as { id: string }[]).map(({ id }) => id))
    assert.equal(done.toSorted(), ids.toSorted())
    assert.is(sink.taker.taken.length, 12)
  })

  it('twin: who looks whether it is DEAD and then sends it, sends it twenty times', async () => {
    const id = await dead()
    const { database, sender } = sink.deps
    const see = statement('twin-see', 'select attributes, data from dead_letters where id = $1')
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        database.query<{ attributes: Record<string, string>; data: Buffer }>(see, [id]),
      ),
    )
    await Promise.all(
      seen.flat().map((row) => sender.send({ ...row, contentType: null }, 'tickets', 5000)),
    )
    assert.is(sink.taker.taken.length, 20)
  })
})
