import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { rebuildQueue } from '../rebuilding.ts'
import { openWaitingRoom, passTime, people, visit, type WaitingRoom } from './support.ts'

describe('a queue', (it) => {
  let waiting: WaitingRoom
  it.before(async () => (waiting = await openWaitingRoom()))
  it.after(() => waiting.close())

  async function newQueue(settings: object, opensInMs = -1) {
    const { eventId } = await waiting.openRoom({ ...settings }, opensInMs)
    const room = await waiting.room(eventId)
    await rebuildQueue(waiting.deps, room)
    return room
  }
  const stateOf = async (room: Awaited<ReturnType<typeof newQueue>>, userId: string) =>
    (await visit(waiting.deps, room, userId)).state

  it('keeps the order in which people come after the opening, and the place of who joins twice', async () => {
    const room = await newQueue({})
    const users = people(5)
    for (const [i, userId] of users.entries()) {
      const first = await visit(waiting.deps, room, userId, true)
      assert.equal([first.state, 'place' in first && first.place], ['waiting', i])
    }
    const again = await visit(waiting.deps, room, users[1] as string, true)
    assert.is('place' in again && again.place, 1)
    assert.equal(await visit(waiting.deps, room, newId()), { state: 'out' })
  })

  it('never calls more than the rate in any 60 s, nor two seconds of it at once', async () => {
    const room = await newQueue({ admissionsPerMinute: 90, admittedMax: 10_000 })
    for (const userId of people(400)) await visit(waiting.deps, room, userId, true)
    const calls: { at: number; count: number }[] = []
    // Steps of every length: pauses that let credit pile up, and after each a minute of frequent ones, in
    // which the credit would come on top of the rate.
    let passed = 0
    const steps = [100, 900, 61_000, ...Array.from({ length: 120 }, () => 500), 5000]
    for (let i = 0; passed < 200_000; i++) {
      const step = steps[i % steps.length] as number
      await passTime(waiting.redis, room.event_id, step)
      passed += step
      const { calledNow } = await waiting.deps.queue.callNext(room)
      calls.push({ at: passed + performance.now(), count: calledNow })
      assert.ok(calledNow <= 3, `${calledNow} at once`)
    }
    for (const { at: from } of calls) {
      // Redis called at some moment of the 250 ms that an answer takes at most.
      const within = calls.filter((one) => one.at >= from && one.at < from + 59_700)
      const sum = within.reduce((all, { count }) => all + count, 0)
      assert.ok(sum <= 90, `${sum} from ${from}`)
    }
    assert.ok(calls.reduce((all, { count }) => all + count, 0) > 10)
  })

  it('uses the rate that it has: 90 a minute are let in within a minute of steady steps', async () => {
    const room = await newQueue({ admissionsPerMinute: 90, admittedMax: 10_000 })
    for (const userId of people(200)) await visit(waiting.deps, room, userId, true)
    const start = performance.now()
    let called = 0
    for (let ms = 0; ms < 60_000; ms += 500) {
      await passTime(waiting.redis, room.event_id, 500)
      called = (await waiting.deps.queue.callNext(room)).called
    }
    const minutes = 1 + (performance.now() - start) / 60_000
    assert.ok(called >= 86 && called <= 90 * minutes + 4, String(called))
  })

  it('has no more admitted at once than the cap, and calls others for those who do not come', async () => {
    const room = await newQueue({ admissionsPerMinute: 60_000, admittedMax: 3 })
    const users = people(10)
    for (const userId of users) await visit(waiting.deps, room, userId, true)
    const call = () => waiting.deps.queue.callNext(room)
    await passTime(waiting.redis, room.event_id, 1000)
    assert.equal([(await call()).called, (await call()).called], [3, 3])
    // The first one comes; the second and the third are away until their claim is over.
    assert.is(await stateOf(room, users[0] as string), 'admitted')
    await passTime(waiting.redis, room.event_id, 121_000)
    const later = await call()
    assert.equal([later.called, later.admitted], [5, 3])
    // The second is back: first among those who wait, but there is no room for him yet.
    const back = await visit(waiting.deps, room, users[1] as string)
    assert.equal([back.state, 'before' in back && back.before], ['waiting', 0])
    assert.is((await call()).called, 5)
    await passTime(waiting.redis, room.event_id, 121_000)
    const next = await call()
    assert.equal([next.called, next.returned], [6, 0])
    assert.is(await stateOf(room, users[1] as string), 'admitted')
    assert.is(await stateOf(room, users[9] as string), 'waiting')
  })

  it('lets no more in within a minute than the rate, also where those who were called all come at once', async () => {
    const room = await newQueue({ admissionsPerMinute: 10, admittedMax: 1000 })
    const users = people(40)
    for (const userId of users) await visit(waiting.deps, room, userId, true)
    for (let i = 0; i < 110; i++) {
      await passTime(waiting.redis, room.event_id, 1000)
      await waiting.deps.queue.callNext(room)
    }
    const states = async () => Promise.all(users.map((userId) => stateOf(room, userId)))
    const admitted = (all: string[]) => all.filter((state) => state === 'admitted').length
    assert.is(admitted(await states()), 10)
    assert.is(admitted(await states()), 10)
    await passTime(waiting.redis, room.event_id, 60_001)
    assert.ok(admitted(await states()) > 10)
  })

  it('gives an admission once: after it is over he joins again, behind everybody', async () => {
    const room = await newQueue({ admissionsPerMinute: 60_000, admissionMinutes: 1 })
    const [first = '', second = ''] = people(2)
    await visit(waiting.deps, room, first, true)
    await waiting.deps.queue.callNext(room)
    const admitted = await visit(waiting.deps, room, first)
    assert.ok(admitted.state === 'admitted' && admitted.isFresh)
    const again = await visit(waiting.deps, room, first, true)
    assert.ok(again.state === 'admitted' && !again.isFresh)
    assert.is(again.admissionId, admitted.admissionId)
    assert.ok(Math.abs(admitted.endsAt - Date.now() - 60_000) < 10_000)
    await waiting.redis.del(`waiting:{${room.event_id}}:admission:${first}`)
    assert.is(await stateOf(room, first), 'over')
    await visit(waiting.deps, room, second, true)
    const behind = await visit(waiting.deps, room, first, true)
    assert.equal([behind.state, 'place' in behind && behind.place], ['waiting', 2])
  })
})
