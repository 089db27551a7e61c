import * as assert from 'uvu/assert'
import { hotEventsKey } from '../../_runtime/admission.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { queueKeys } from '../queue.ts'
import { look, openWaitingRoom, passTime, snapshot, until, type WaitingRoom } from './support.ts'

describe('the waiting room over HTTP', (it) => {
  let waiting: WaitingRoom
  it.before(async () => (waiting = await openWaitingRoom()))
  it.after(() => waiting.close())

  const hot = async () =>
    JSON.parse((await waiting.redis.get(hotEventsKey)) ?? '{"events":[]}').events
  const pathOf = (eventId: string) => `/v1/waiting-room/${eventId}`

  it("is set by the event's organizer or an admin, and by nobody else", async () => {
    const { eventId, organizer } = await waiting.openRoom({ opensAt: null })
    const path = pathOf(eventId)
    const admin = await waiting.as(newId(), ['admin'])
    const other = await waiting.as(newId(), ['organizer'])
    const customer = await waiting.as(newId())
    assert.is((await admin('PUT', path, { admissionsPerMinute: 5 })).body.admissionsPerMinute, 5)
    const changed = await organizer('PUT', path, { admissionsPerMinute: 7 })
    assert.equal(changed.body, {
      opensAt: null,
      admissionsPerMinute: 7,
      admittedMax: 1000,
      admissionMinutes: 10,
      everybody: false,
      eventId,
      version: 3,
    })
    for (const [ask, status, code] of [
      [other, 403, 'forbidden'],
      [customer, 403, 'forbidden'],
      [waiting.ask, 401, 'not-signed-in'],
      [await waiting.asFunction('gateway'), 403, 'forbidden'],
    ] as const) {
      const refused = await ask('PUT', path, {})
      assert.equal([refused.status, refused.body.code], [status, code])
    }
    const unknown = await admin('PUT', pathOf(newId()), {})
    assert.equal([unknown.status, unknown.body.code], [404, 'not-found'])
    for (const body of [
      { admissionsPerMinute: -1 },
      { admissionsPerMinute: 1.5 },
      { admittedMax: 0 },
      { admissionMinutes: 61 },
      { opensAt: 'soon' },
      { everybody: 'yes' },
      { rate: 5 },
    ])
      assert.is((await organizer('PUT', path, body)).body.code, 'invalid-request')
  })

  it('writes down what an admin changed, and nothing of organizers or of what was refused', async () => {
    const { eventId, organizer } = await waiting.openRoom()
    const adminId = newId()
    const admin = await waiting.as(adminId, ['admin'])
    await admin('PUT', pathOf(eventId), { admissionsPerMinute: 5 })
    await organizer('PUT', pathOf(eventId), { admissionsPerMinute: 7 })
    const everybody = await admin('PUT', pathOf(eventId), { everybody: true })
    assert.is(everybody.status, 200)
    await admin('PUT', pathOf(eventId), { opensAt: '2030-01-01T00:00:00Z', admittedMax: 0 })
    const log = await admin('GET', `/v1/audit/waiting-room?subject=${eventId}`)
    assert.equal(
      log.body.items.map((one: any) => [
        one.act,
        one.actorId,
        one.before.admissionsPerMinute,
        one.after.admissionsPerMinute,
        one.after.everybody,
      ]),
      [
        ['waiting-room.change', adminId, 7, 600, true],
        ['waiting-room.change', adminId, 600, 5, false],
      ],
    )
    const refused = await organizer('GET', '/v1/audit/waiting-room')
    assert.equal([refused.status, refused.body.code], [403, 'forbidden'])
  })

  it('tells the gateways which events are hot, and only them over HTTP', async () => {
    const { eventId, organizer } = await waiting.openRoom()
    assert.ok((await hot()).includes(eventId))
    await organizer('PUT', pathOf(eventId), { everybody: true })
    assert.not.ok((await hot()).includes(eventId))
    await organizer('PUT', pathOf(eventId), {})
    assert.ok((await hot()).includes(eventId))
    await waiting.redis.del(hotEventsKey)
    const gateway = await waiting.asFunction('gateway')
    assert.ok((await gateway('GET', '/v1/hot-events')).body.events.includes(eventId))
    assert.ok((await hot()).includes(eventId))
    const customer = await waiting.as(newId(), ['admin'])
    assert.is((await customer('GET', '/v1/hot-events')).body.code, 'forbidden')
    const orders = await waiting.asFunction('orders')
    assert.is((await orders('GET', '/v1/hot-events')).body.code, 'forbidden')
  })

  it('keeps a newer list of hot events where an older one comes later', async () => {
    const { eventId } = await waiting.openRoom()
    const kept = JSON.parse((await waiting.redis.get(hotEventsKey)) ?? '')
    const { withScripts } = await import('../queue-scripts.ts')
    const older = { version: kept.version - 1, events: [] }
    await withScripts(waiting.redis).keepHotEvents(
      hotEventsKey,
      older.version,
      JSON.stringify(older),
    )
    assert.ok((await hot()).includes(eventId))
  })

  it('has no more hot events than the setting says', async () => {
    const small = await openWaitingRoom({ HOT_EVENTS_MAX: '1' })
    const { organizer, eventId } = await small.openRoom()
    const refused = await small.openRoom().then(
      () => 'not refused',
      (err: Error) => err.message,
    )
    assert.match(refused, 'waiting-rooms-full')
    assert.is((await organizer('PUT', pathOf(eventId), { admittedMax: 5 })).status, 200)
    await organizer('PUT', pathOf(eventId), { everybody: true })
    await small.openRoom()
    assert.is((await organizer('PUT', pathOf(eventId), {})).body.code, 'waiting-rooms-full')
    await small.leave()
  })

  it('follows what catalog tells of the event: opening, cancellation, and only newer news', async () => {
    const { eventId, organizer, organizerId } = await waiting.openRoom()
    await organizer('PUT', pathOf(eventId), { opensAt: null })
    const opening = async () => (await organizer('GET', pathOf(eventId))).body.opensAt
    assert.is(await opening(), null)
    const onSaleAt = '2031-01-01T00:00:00.000Z'
    const tell = (what: string, more: object) =>
      waiting.deliver(
        `dev.boxoffice.event.${what}.v1`,
        eventId,
        snapshot(eventId, { organizerId, ...more }),
      )
    assert.is((await tell('updated', { version: 3, onSaleAt })).status, 204)
    assert.is((await tell('updated', { version: 2 })).status, 204)
    assert.is(await opening(), onSaleAt)
    await tell('cancelled', { version: 4, status: 'CANCELLED' })
    assert.not.ok((await hot()).includes(eventId))
    assert.is((await organizer('GET', pathOf(eventId))).body.state, 'OPEN')
  })

  it('shows each his own place, and counts to the organizer', async () => {
    const { eventId, organizer } = await waiting.openRoom({ admissionsPerMinute: 60 })
    const customers = await Promise.all(Array.from({ length: 3 }, () => waiting.as(newId())))
    const [first, , third] = customers as [any, any, any]
    assert.is((await third('GET', pathOf(eventId))).body.state, 'OUTSIDE')
    for (const [i, ask] of customers.entries()) {
      const { body } = await ask('POST', `${pathOf(eventId)}/join`)
      assert.equal([body.state, body.before], ['WAITING', i])
    }
    await until('the first is called', async () => {
      const { body } = await first('GET', pathOf(eventId))
      return body.state === 'ADMITTED'
    })
    const { body } = await third('GET', pathOf(eventId))
    assert.equal([body.state, body.admission, body.counts], ['WAITING', null, null])
    const { counts } = (await organizer('GET', pathOf(eventId))).body
    assert.is(counts.joined, 3)
    assert.ok(counts.called >= 1 && counts.called <= 3 && counts.perMinute === counts.called)
    for (const [path, code] of [
      [pathOf(newId()), 'not-found'],
      [pathOf('hot'), 'invalid-request'],
    ] as const)
      assert.is((await first('GET', path)).body.code, code)
    for (const way of ['GET', 'POST'] as const)
      assert.is(
        (await waiting.ask(way, `${pathOf(eventId)}${way === 'POST' ? '/join' : ''}`)).status,
        401,
      )
  })

  it('opens once: another opening is refused then, a new pace is taken within a second', async () => {
    const { eventId, organizer } = await waiting.openRoom({ admissionsPerMinute: 0 })
    const customer = await waiting.as(newId())
    await customer('POST', `${pathOf(eventId)}/join`)
    const room = await waiting.room(eventId)
    await until(
      'the opening is noted',
      async () => (await waiting.room(eventId)).opened_at !== null,
    )
    const later = new Date(Date.now() + 60_000).toISOString()
    const refused = await organizer('PUT', pathOf(eventId), { opensAt: later })
    assert.equal(
      [refused.status, refused.body.code, refused.body.fields],
      [409, 'event-fixed', ['opensAt']],
    )
    assert.is((await customer('GET', pathOf(eventId))).body.before, 0)
    const opensAt = room.own_opens_at?.toISOString()
    const settings = { opensAt, admissionsPerMinute: 60_000 }
    assert.is((await organizer('PUT', pathOf(eventId), settings)).status, 200)
    assert.is(
      (await organizer('PUT', pathOf(eventId), { admissionsPerMinute: 60_000 })).body.opensAt,
      opensAt,
    )
    const ms = await until('the new pace shows', async () => {
      return (await customer('GET', pathOf(eventId))).body.state === 'ADMITTED'
    })
    assert.ok(ms < 5000, `${ms} ms`)
  })

  it('lets everybody in at once where it is told to', async () => {
    const { eventId, organizer } = await waiting.openRoom({ admissionsPerMinute: 0 })
    const customer = await waiting.as(newId())
    assert.is((await customer('POST', `${pathOf(eventId)}/join`)).body.state, 'WAITING')
    await organizer('PUT', pathOf(eventId), { everybody: true })
    const { body } = await customer('GET', pathOf(eventId))
    assert.equal([body.state, body.before, body.admission], ['OPEN', null, null])
  })

  it('estimates by what it measured: within a third of what it then took', async () => {
    const { eventId } = await waiting.openRoom({ admissionsPerMinute: 600, admittedMax: 10_000 })
    const room = await waiting.room(eventId)
    const customers = Array.from({ length: 400 }, () => newId())
    for (const id of customers) {
      const ask = await waiting.as(id)
      await ask('POST', `${pathOf(eventId)}/join`)
    }
    const last = await waiting.as(customers.at(-1) as string)
    const step = async () => {
      await passTime(waiting.redis, eventId, 1000)
      return (await waiting.deps.queue.callNext(room)).called
    }
    for (let i = 0; i < 12; i++) await step()
    await until(
      'it is measured',
      async () => (await last('GET', pathOf(eventId))).body.estimatedSeconds !== null,
    )
    const estimated = (await last('GET', pathOf(eventId))).body.estimatedSeconds
    const start = performance.now()
    let seconds = 0
    while ((await step()) < 400) seconds += 1
    seconds += (performance.now() - start) / 1000
    assert.ok(Math.abs(estimated - seconds) < seconds / 3 + 3, `${estimated} and ${seconds}`)
  })

  it('forgets who stood in line once the event has been over for a day', async () => {
    const { eventId } = await waiting.openRoom()
    const customer = await waiting.as(newId())
    await customer('POST', `${pathOf(eventId)}/join`)
    const { forgetOver } = await import('../rooms.ts')
    assert.is(await forgetOver(waiting.deps), 0)
    await look(
      waiting.deps.database,
      `update events set ends_at = now() - interval '25 hours' where id = $1`,
      [eventId],
    )
    assert.is(await forgetOver(waiting.deps), 1)
    assert.is(
      await look(waiting.deps.database, 'select count(*)::int from joins where event_id = $1', [
        eventId,
      ]),
      0,
    )
    assert.is(await waiting.redis.exists(queueKeys(eventId).queue), 0)
  })
})
