import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { queueKeys } from '../queue.ts'
import { rebuildQueue } from '../rebuilding.ts'
import { look, openWaitingRoom, passTime, people, visit, type WaitingRoom } from './support.ts'

describe('instances that move one queue at once', (it) => {
  let waiting: WaitingRoom
  it.before(async () => (waiting = await openWaitingRoom()))
  it.after(() => waiting.close())

  async function fullQueue(count: number, settings: Record<string, unknown>) {
    const { eventId } = await waiting.openRoom(settings)
    const room = await waiting.room(eventId)
    await rebuildQueue(waiting.deps, room)
    const users = people(count)
    for (const userId of users) await visit(waiting.deps, room, userId, true)
    return { room, users }
  }

  it('call together what the rate and the cap allow one of them', async () => {
    const { room } = await fullQueue(200, { admissionsPerMinute: 600, admittedMax: 30 })
    const instances = [waiting.deps, waiting.instance(), waiting.instance()]
    await passTime(waiting.redis, room.event_id, 60_000)
    for (let round = 0; round < 10; round++) {
      await passTime(waiting.redis, room.event_id, 1000)
      await Promise.allSettled(
        Array.from({ length: 30 }, (_, i) =>
          (instances[i % 3] ?? waiting.deps).queue.callNext(room),
        ),
      )
    }
    const { called, admitted } = await waiting.deps.queue.callNext(room)
    assert.equal([called, admitted], [30, 30])
  })

  it('the twin: who reads the figures, and then calls, calls far more', async () => {
    const { room } = await fullQueue(200, { admissionsPerMinute: 600, admittedMax: 30 })
    const { queue, live } = queueKeys(room.event_id)
    await waiting.redis.hset(queue, 'called', 0)
    const call = async () => {
      const free = 30 - (await waiting.redis.zcard(live))
      if (free <= 0) return
      const upTo = await waiting.redis.hincrby(queue, 'called', free)
      for (let place = upTo - free; place < upTo; place++)
        await waiting.redis.zadd(live, Date.now() + 60_000, place)
    }
    await Promise.all(Array.from({ length: 30 }, call))
    assert.ok(Number(await waiting.redis.hget(queue, 'called')) > 30)
  })

  it('give one place to somebody who joins a hundred times at once, and one admission', async () => {
    const { room, users } = await fullQueue(1, { admissionsPerMinute: 60_000 })
    const [other = ''] = people(1)
    const joined = await Promise.all(
      Array.from({ length: 100 }, () => visit(waiting.deps, room, other, true)),
    )
    assert.equal(new Set(joined.map((one) => 'place' in one && one.place)), new Set([1]))
    await waiting.deps.queue.callNext(room)
    const seen = await Promise.all(
      Array.from({ length: 100 }, () => visit(waiting.deps, room, users[0] as string)),
    )
    const ids = new Set(seen.map((one) => 'admissionId' in one && one.admissionId))
    assert.equal([ids.size, ids.has(false)], [1, false])
    assert.is(seen.filter((one) => 'isFresh' in one && one.isFresh).length, 1)
  })

  it('make a queue that Redis lost once, and nobody is asked for a place that is not there yet', async () => {
    const { eventId } = await waiting.openRoom({})
    const room = await waiting.room(eventId)
    const users = people(300)
    const instances = [waiting.deps, waiting.instance(), waiting.instance()]
    const answers = await Promise.all(
      users.map(async (userId) => {
        const ask = await waiting.as(userId)
        return ask('POST', `/v1/waiting-room/${eventId}/join`)
      }),
    )
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
    await waiting.redis.flushdb()
    const made = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        rebuildQueue(instances[i % 3] as typeof waiting.deps, room),
      ),
    )
    for (const one of made)
      if (one.status === 'rejected') assert.is(one.reason.code, 'busy', String(one.reason))
    assert.ok(made.some(({ status }) => status === 'fulfilled'))
    const { late } = queueKeys(eventId)
    assert.is(await waiting.redis.zcard(late), 300)
    assert.is(
      await look(waiting.deps.database, 'select count(*)::int from joins where event_id = $1', [
        eventId,
      ]),
      300,
    )
  })
})
