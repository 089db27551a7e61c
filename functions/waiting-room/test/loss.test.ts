import * as assert from 'uvu/assert'
import { Problem } from '../../_runtime/problem.ts'
import { describe } from '../../_runtime/test.ts'
import { queueKeys } from '../queue.ts'
import { rebuildQueue } from '../rebuilding.ts'
import { noteCalled } from '../store/rooms.ts'
import {
  look,
  openWaitingRoom,
  passTime,
  people,
  until,
  visit,
  type WaitingRoom,
} from './support.ts'

describe('a queue that Redis loses', (it) => {
  let waiting: WaitingRoom
  it.before(async () => (waiting = await openWaitingRoom()))
  it.after(() => waiting.close())

  const join = async (eventId: string, userId: string) => {
    const ask = await waiting.as(userId)
    const answer = await ask('POST', `/v1/waiting-room/${eventId}/join`)
    assert.is(answer.status, 200, answer.text)
    return answer.body
  }
  const placesOf = async (eventId: string, users: string[]) =>
    waiting.deps.queue.placesOf(eventId, users)

  it('draws those who came early in an order that is not that of their coming, and keeps it', async () => {
    const { eventId, organizer } = await waiting.openRoom({}, 3_600_000)
    const early = people(100)
    for (const userId of early) {
      const { state, position, before } = await join(eventId, userId)
      assert.equal([state, position, before], ['WAITING', null, null])
    }
    await organizer('PUT', `/v1/waiting-room/${eventId}`, { opensAt: null })
    const room = await waiting.room(eventId)
    await waiting.deps.queue.callNext(room)
    const places = await placesOf(eventId, early)
    assert.equal(
      places.toSorted((a, b) => a - b),
      early.map((_, i) => i),
    )
    // As many rises as falls, nearly: sorted either way it would be 99 or none.
    const rises = places.slice(1).filter((place, i) => place > (places[i] ?? 0)).length
    assert.ok(rises > 25 && rises < 75, String(rises))
    const late = people(3)
    for (const userId of late) await join(eventId, userId)
    const all = [...early, ...late]
    const before = await placesOf(eventId, all)
    assert.equal(before.slice(100), [100, 101, 102])

    await waiting.redis.flushdb()
    await rebuildQueue(waiting.deps, await waiting.room(eventId))
    assert.equal(await placesOf(eventId, all), before)
  })

  it('at half of it goes on where it was: same order, no second admission, none above the rate', async () => {
    const { eventId } = await waiting.openRoom({ admissionsPerMinute: 1200, admittedMax: 10_000 })
    const users = people(900)
    await Promise.all(users.map((userId) => join(eventId, userId)))
    const room = await waiting.room(eventId)
    const before = await placesOf(eventId, users)
    const inOrder = users.toSorted(
      (a, b) => (before[users.indexOf(a)] ?? 0) - (before[users.indexOf(b)] ?? 0),
    )
    let called = 0
    while (called < 300) {
      await passTime(waiting.redis, eventId, 1000)
      called = (await waiting.deps.queue.callNext(room)).called
      await waiting.deps.admitting.progressOf(room)
      for (const userId of inOrder.slice(0, called)) await see(eventId, userId)
    }
    const tokens = new Map<string, string>()
    for (const userId of inOrder.slice(0, called)) {
      const { state, admission } = await see(eventId, userId)
      if (state === 'ADMITTED') tokens.set(userId, idOf(admission.token))
    }
    assert.ok(tokens.size >= 295, String(tokens.size))
    await noteCalled(waiting.deps.database, eventId, called)
    const noted =
      'select count(admission_id)::int from joins where event_id = $1 and user_id = any($2)'
    await until('the admissions are in the journal', async () => {
      const count = await look(waiting.deps.database, noted, [eventId, [...tokens.keys()]])
      return count === tokens.size
    })

    await waiting.redis.flushdb()
    assert.is((await see(eventId, inOrder.at(-1) as string)).state, 'WAITING')
    const after = await placesOf(eventId, users)
    const moved = after.filter((place, i) => Math.abs(place - (before[i] ?? 0)) > 6)
    assert.equal(moved, [])
    for (const [userId, id] of tokens)
      assert.is(idOf((await see(eventId, userId)).admission.token), id)
    // Who was let in in the minute before the loss is not known, so nobody is for a minute.
    const calledNow = async () =>
      (await waiting.deps.queue.callNext(await waiting.room(eventId))).called
    const restored = await calledNow()
    assert.ok(restored >= called && restored < 900, String(restored))
    await passTime(waiting.redis, eventId, 30_000)
    assert.is(await calledNow(), restored)
    await passTime(waiting.redis, eventId, 35_000)
    await until('others are called', async () => (await calledNow()) > restored)
  })

  it('lets in again whoever was let in, though what was noted of it is old', async () => {
    const { eventId } = await waiting.openRoom({ admissionsPerMinute: 1200, admittedMax: 10_000 })
    const users = people(40)
    const room = await waiting.room(eventId)
    await rebuildQueue(waiting.deps, room)
    for (const userId of users) {
      const { number = null } = (await visit(waiting.deps, room, userId, true)) as Joined
      await waiting.deps.journal.join({ eventId, userId, number })
    }
    await passTime(waiting.redis, eventId, 2000)
    const { called } = await waiting.deps.queue.callNext(room)
    assert.ok(called >= 30, String(called))
    const asked = await Promise.all(users.map((userId) => visit(waiting.deps, room, userId, false)))
    const claims = asked.flatMap((standing, i) =>
      'admissionId' in standing ? [{ ...standing, eventId, userId: users[i] ?? '' }] : [],
    )
    assert.ok(claims.length >= 30, String(claims.length))
    await Promise.all(claims.map(waiting.deps.journal.claim))

    // That they were called is written nowhere: the process died before, or knew the room from a moment ago.
    assert.is((await waiting.room(eventId)).called, 0)
    await waiting.redis.flushdb()
    await rebuildQueue(waiting.deps, room)
    for (const { userId, admissionId } of claims) {
      const standing = await visit(waiting.deps, room, userId, false)
      assert.equal(
        [standing.state, (standing as { admissionId?: string }).admissionId],
        ['admitted', admissionId],
      )
    }

    await noteCalled(waiting.deps.database, eventId, 35)
    await waiting.redis.flushdb()
    await rebuildQueue(waiting.deps, room)
    assert.is((await waiting.deps.queue.callNext(room)).called, Math.max(35, called))
  })

  it('is made again page by page though Redis fails now and then, and leaves no lease where it cannot be', async () => {
    const { eventId } = await waiting.openRoom({})
    const users = people(30)
    for (const userId of users) await join(eventId, userId)
    const before = await placesOf(eventId, users)
    const room = await waiting.room(eventId)
    const { queue, rebuilding } = queueKeys(eventId)
    const { deps } = waiting
    let asked = 0
    /** A Redis that answers too late every third time, after it has done what it was asked. */
    const slow = {
      ...deps,
      queue: {
        ...deps.queue,
        async ask<Value>(work: (client: any) => Promise<Value>): Promise<Value> {
          const answer = await deps.queue.ask(work)
          asked += 1
          if (asked > 2 && asked % 3 === 0) throw new Problem('busy', 'too late')
          return answer
        },
      },
    }
    await waiting.redis.flushdb()
    await rebuildQueue(slow, room)
    assert.equal(await placesOf(eventId, users), before)

    await waiting.redis.flushdb()
    const broken = {
      ...deps,
      database: { ...deps.database, query: () => Promise.reject(new Error('gone')) },
    }
    const failed = await rebuildQueue(broken, room).catch((err: Error) => err.message)
    assert.is(failed, 'gone')
    assert.equal(
      [await waiting.redis.exists(rebuilding), await waiting.redis.exists(queue)],
      [0, 0],
    )
    await rebuildQueue(deps, room)
    assert.equal(await placesOf(eventId, users), before)
  })

  it('while Redis is away says so, and writes down nobody whom it gave no place', async () => {
    const { eventId } = await waiting.openRoom({})
    const away = waiting.instance()
    await away.close()
    const room = await waiting.room(eventId)
    const [userId = ''] = people(1)
    const refused = await visit(away, room, userId, true).catch((err: unknown) => err)
    assert.is((refused as { code?: string }).code, 'busy')
    assert.is(await waiting.redis.exists(queueKeys(eventId).late), 0)
  })

  async function see(eventId: string, userId: string): Promise<any> {
    const ask = await waiting.as(userId)
    const answer = await ask('GET', `/v1/waiting-room/${eventId}`)
    assert.is(answer.status, 200, answer.text)
    return answer.body
  }
})

type Joined = { number?: number | null }

const idOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti
