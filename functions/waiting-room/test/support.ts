import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Redis } from 'ioredis'
import { scripts } from '../queue-scripts.ts'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps, type Deps } from '../deps.ts'
import { drawOf } from '../draw.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { queueKeys } from '../queue.ts'
import { createReactions } from '../reactions.ts'
import { findRoom, type RoomRow } from '../store/rooms.ts'

/** The waiting room on a database of its own, with as many instances as a test wants. */
export async function openWaitingRoom(more: Record<string, string> = {}) {
  const env = { ...(await testEnv('waiting-room', migrations)), ...more }
  const redis = new Redis(env.REDIS_URL as string, { scripts })
  const all: Deps[] = []

  const instance = () => {
    const config = readConfig(env)
    const deps = createDeps(
      createRuntime('waiting-room', config, async () => entities),
      config,
    )
    all.push(deps)
    return deps
  }
  const deps = instance()
  const app = createApp(
    deps,
    createReactions(deps, async () => {}),
  )
  const { ask, as, asFunction, deliver } = asking(app, 'waiting-room')

  /** An event that this organizer makes hot. `opensInMs` below 0: it has opened. */
  async function openRoom(settings: Record<string, unknown> = {}, opensInMs = -1) {
    const organizerId = newId()
    const eventId = newId()
    await deliver('dev.boxoffice.event.created.v1', eventId, snapshot(eventId, { organizerId }))
    const organizer = await as(organizerId, ['organizer'])
    const opensAt = new Date(Date.now() + opensInMs).toISOString()
    const answer = await organizer('PUT', `/v1/waiting-room/${eventId}`, { opensAt, ...settings })
    if (answer.status !== 200) throw new Error(answer.text)
    return { eventId, organizer, organizerId }
  }

  return {
    deps,
    env,
    redis,
    instance,
    app,
    ask,
    as,
    asFunction,
    deliver,
    openRoom,
    room: async (eventId: string) => (await findRoom(deps.database, eventId)) as RoomRow,
    async listen() {
      const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return { server, port: (server.address() as AddressInfo).port }
    },
    /** Ends this one of several of a file. */
    async leave() {
      for (const one of all) await one.close()
      await redis.quit()
    },
    async close() {
      await this.leave()
      await endTesting()
    },
  }
}

export type WaitingRoom = Awaited<ReturnType<typeof openWaitingRoom>>

/** What catalog tells of an event. */
export const snapshot = (eventId: string, more: object = {}) => ({
  eventId,
  version: 1,
  status: 'SCHEDULED',
  title: 'A Play',
  type: 'Play',
  venueId: newId(),
  venueName: 'The Hall',
  city: 'Pune',
  organizerId: newId(),
  startsAt: new Date(Date.now() + 86_400_000).toISOString(),
  endsAt: new Date(Date.now() + 90_000_000).toISOString(),
  onSaleAt: null,
  currency: 'INR',
  layoutVersion: 1,
  ...more,
})

export const people = (count: number): string[] => Array.from({ length: count }, () => newId())

/** One person at the queue itself, past HTTP. */
export const visit = (deps: Deps, room: RoomRow, userId: string, joins = false) =>
  deps.queue.visit(room, { userId, draw: drawOf(deps.drawKey, room.seed, userId) }, joins)

/** Lets `ms` go by for a queue, as if all that has happened in it had happened so much earlier. */
export async function passTime(redis: Redis, eventId: string, ms: number): Promise<void> {
  const { queue, live, calls, claims } = queueKeys(eventId)
  for (const field of ['openedAt', 'tickedAt', 'quietUntil'])
    if (await redis.hexists(queue, field)) {
      const at = Number(await redis.hget(queue, field))
      await redis.hset(queue, field, String(at - ms))
    }
  for (const key of [live, calls, claims])
    for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, -ms, member)
}

/** Waits until something comes true, or fails with its name; gives the ms that it took. */
export async function until(what: string, isSo: () => Promise<boolean>, msMax = 20_000) {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > msMax) throw new Error(`not after ${msMax} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return performance.now() - start
}

export { look } from '../../_runtime/testing/ask.ts'
