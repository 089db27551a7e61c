import type { Server } from 'node:http'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { accessToken } from '../../_runtime/testing/tokens.ts'
import { createHall } from '../hall.ts'
import { standIn } from '../places.ts'
import { openWaitingRoom, passTime, people, until, type WaitingRoom } from './support.ts'

describe('a place over a stream', (it) => {
  let waiting: WaitingRoom
  let server: Server
  let port = 0
  it.before(async () => {
    waiting = await openWaitingRoom()
    ;({ server, port } = await waiting.listen())
  })
  it.after(async () => {
    server.closeAllConnections()
    server.close()
    await waiting.close()
  })

  /** Follows a stream and keeps what it says. */
  async function follow(eventId: string, userId = newId()) {
    const stop = new AbortController()
    const response = await fetch(`http://127.0.0.1:${port}/v1/waiting-room/${eventId}/stream`, {
      headers: { authorization: `Bearer ${await accessToken(userId)}` },
      signal: stop.signal,
    })
    const places: any[] = []
    let text = ''
    void (async () => {
      for await (const chunk of response.body as any) {
        text += Buffer.from(chunk).toString()
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          const [, data] = /^event: place\ndata: (.*)/.exec(text.slice(0, end)) ?? []
          if (data) places.push(JSON.parse(data))
          text = text.slice(end + 2)
        }
      }
    })().catch(() => {})
    return {
      response,
      places,
      stop: () => stop.abort(),
      last: () => places.at(-1),
      says: (what: string, isSo: (place: any) => boolean) =>
        until(what, async () => places.length > 0 && isSo(places.at(-1))),
    }
  }
  const join = async (eventId: string, userId: string) =>
    (await waiting.as(userId))('POST', `/v1/waiting-room/${eventId}/join`)

  it('begins with the place, follows it down, and brings the token when it is his turn', async () => {
    const { eventId, organizer } = await waiting.openRoom({ admissionsPerMinute: 0 })
    const [first, second] = [newId(), newId()]
    for (const userId of [first, second]) await join(eventId, userId)
    const stream = await follow(eventId, second)
    assert.is(stream.response.headers.get('content-type'), 'text/event-stream')
    assert.match(String(stream.response.headers.get('x-correlation-id')), /^[\w-]{8,}$/)
    await stream.says('it is told', ({ position }) => position === 2)
    await organizer('PUT', `/v1/waiting-room/${eventId}`, { admissionsPerMinute: 60_000 })
    await stream.says('its turn', ({ state }) => state === 'ADMITTED')
    const { token, endsAt } = stream.last().admission
    const known = await waiting.deps.admissionTokens.verify(token, eventId, second)
    assert.is(known?.endsAt, Math.floor(Date.parse(endsAt) / 1000) * 1000)
    assert.is(await waiting.deps.admissionTokens.verify(token, eventId, first), undefined)
    stream.stop()
  })

  it('before the opening gives nobody a place, and everybody one after it', async () => {
    const { eventId } = await waiting.openRoom({ admissionsPerMinute: 0 }, 4000)
    const users = Array.from({ length: 20 }, () => newId())
    for (const userId of users) await join(eventId, userId)
    const streams = await Promise.all(users.map((userId) => follow(eventId, userId)))
    for (const { says } of streams) await says('it waits', ({ state }) => state === 'WAITING')
    assert.equal(new Set(streams.map(({ places }) => places[0].position)), new Set([null]))
    for (const { says } of streams)
      await says('it has a place', ({ position }) => position !== null)
    const positions = streams.map(({ last }) => last().position).toSorted((a, b) => a - b)
    assert.equal(
      positions,
      users.map((_, i) => i + 1),
    )
    for (const { stop } of streams) stop()
  })

  it('says so where everybody is let in, and where somebody does not stand in line', async () => {
    const { eventId, organizer } = await waiting.openRoom({ admissionsPerMinute: 0 })
    const userId = newId()
    await join(eventId, userId)
    const [inside, outside] = await Promise.all([follow(eventId, userId), follow(eventId)])
    await outside.says('he is outside', ({ state }) => state === 'OUTSIDE')
    await inside.says('he waits', ({ state }) => state === 'WAITING')
    await organizer('PUT', `/v1/waiting-room/${eventId}`, { everybody: true })
    for (const { says, stop } of [inside, outside]) {
      await says('it is open', ({ state }) => state === 'OPEN')
      stop()
    }
  })

  it('counts who follows, forgets who has left, and refuses more than it may have', async () => {
    const { eventId } = await waiting.openRoom()
    const none = await follow(newId())
    assert.is(none.response.status, 404)
    const few = await openWaitingRoom({ STREAMS_MAX: '1' })
    const place = await few.openRoom()
    const there = await few.listen()
    const path = `http://127.0.0.1:${there.port}/v1/waiting-room/${place.eventId}/stream`
    const headers = { authorization: `Bearer ${await accessToken(newId())}` }
    const stop = new AbortController()
    assert.is((await fetch(path, { headers, signal: stop.signal })).status, 200)
    assert.is((await fetch(path, { headers })).status, 503)
    stop.abort()
    await until('it is forgotten', async () => few.deps.audience.count() === 0, 60_000)
    there.server.closeAllConnections()
    there.server.close()
    await few.leave()
    assert.ok(eventId)
  })

  it('looks nobody up whose place is not called, however many follow', async () => {
    const { eventId } = await waiting.openRoom({ admissionsPerMinute: 600, admittedMax: 10_000 })
    const room = await waiting.room(eventId)
    const { deps, redis } = waiting
    const users = people(1500)
    for (let from = 0; from < users.length; from += 100)
      await Promise.all(
        users.slice(from, from + 100).map((userId) => standIn(deps, room, userId, true)),
      )
    const lookedUp = new Set<string>()
    const queue: typeof deps.queue = {
      ...deps.queue,
      visit(of, visitor, joins) {
        lookedUp.add(visitor.userId)
        return deps.queue.visit(of, visitor, joins)
      },
    }
    let told = 0
    let positions = new Set<string>()
    const hall = createHall({ ...deps, queue }, room, () => {})
    const sink = {
      isGone: () => false,
      end: () => {},
      write(frame: string) {
        told += 1
        positions.add(/"position":(\d+|null)/.exec(frame)?.[1] ?? '')
      },
    }
    for (const userId of users) hall.enter(userId, sink)
    await until('all are told', async () => told >= users.length, 60_000)
    // Long enough after the opening for an estimate, which says how often each is told.
    for (let i = 0; i < 20; i++) {
      await passTime(redis, eventId, 1000)
      await deps.queue.callNext(room)
    }
    ;[told, positions] = [0, new Set()]
    lookedUp.clear()
    await until('many are told', async () => told > 2000, 120_000)
    const { called } = await deps.queue.callNext(room)
    assert.ok(called < users.length / 2, `${called} were called, so nothing is shown`)
    assert.ok(lookedUp.size <= called, `${lookedUp.size} looked up, ${called} called`)
    assert.ok(positions.size > 500, String(positions.size))
    hall.close()
  })
})
