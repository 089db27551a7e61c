import type { Redis } from 'ioredis'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { drawOf } from './draw.ts'
import { admissionKey, queueKeys } from './queue.ts'
import { withScripts } from './queue-scripts.ts'
import { readJoins, type JoinRow } from './store/joins.ts'
import { findRoom, type RoomRow } from './store/rooms.ts'

const pageRows = 1000
const leaseMs = 30_000
const waitMs = 50
const waitsMax = 40
/** Whoever was admitted in the minute before the loss is not known to the second, so nobody is for another. */
const quietMs = 60_000

/**
 * Makes the queue of an event in Redis: empty at first, and from the journal where Redis has lost it. One
 * instance does it, the others wait for it, and after two seconds answer `busy`; nothing counts before the last
 * step, so a rebuild that was cut off begins anew. Who joined stands where he stood. Those called in the moment
 * before the loss may be called again; they come first.
 */
export async function rebuildQueue(deps: Deps, room: RoomRow): Promise<void> {
  const { queue, rebuilding } = queueKeys(room.event_id)
  const lease = newId()
  for (let i = 0; i < waitsMax; i++) {
    if (await deps.queue.ask((client) => client.exists(queue))) return
    const answer = await deps.queue.ask((client) =>
      client.set(rebuilding, lease, 'PX', leaseMs, 'NX').then((set) => set ?? 'taken'),
    )
    if (answer === 'OK') {
      try {
        return await rebuild(deps, room, lease)
      } catch (err) {
        // The next to ask need not wait until the lease has run out.
        await deps.redis.attempt((client) => client.del(rebuilding))
        throw err
      }
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  throw new Problem('busy', 'The queue is being put in order; try again')
}

async function rebuild(deps: Deps, room: RoomRow, lease: string): Promise<void> {
  const { queue, rebuilding, ...parts } = queueKeys(room.event_id)
  await insist(deps, (client) => client.del(...Object.values(parts)))
  const counts = { joined: 0, late: 0 }
  const admitted: JoinRow[] = []
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const rows = await readJoins(deps.database, room.event_id, after, pageRows)
    if (rows.length === 0) break
    await addPage(deps, room, rows)
    await insist(deps, (client) => client.pexpire(rebuilding, leaseMs))
    admitted.push(...rows.filter(({ admission_id }) => admission_id !== null))
    counts.joined += rows.length
    counts.late = rows.reduce((most, { number }) => Math.max(most, number ?? 0), counts.late)
    after = rows.at(-1)?.user_id ?? after
  }
  // As the database has it now: what this instance knows of the room may be from a moment ago.
  const latest = (await findRoom(deps.database, room.event_id)) ?? room
  const now = await insist(deps, (client) => client.time()).then(([s]) => Number(s) * 1000)
  const early = await insist(deps, (client) => client.zcard(parts.early))
  const isOpen = latest.opened_at !== null || counts.late > 0 || admitted.length > 0
  const opened = isOpen
    ? ['openedAt', latest.opened_at?.getTime() ?? now, 'tickedAt', now, 'quietUntil', now + quietMs]
    : []
  const admittedTo = await restoreAdmissions(deps, room, { admitted, early })
  // Whoever was let in had been called, whether that was noted or not.
  const called = Math.max(latest.called, admittedTo)
  const fields = ['early', early, 'late', counts.late, 'called', called, ...opened]
  await insist(deps, (client) =>
    withScripts(client).finishQueue(queue, rebuilding, lease, ...fields),
  )
  if (counts.joined > 0) {
    deps.log.warn(
      { eventId: room.event_id, ...counts },
      'Redis had lost a queue; it is whole again',
    )
    deps.rebuilt.inc()
  }
}

async function addPage(deps: Deps, room: RoomRow, rows: JoinRow[]): Promise<void> {
  const { early, late } = queueKeys(room.event_id)
  const inEarly = rows.flatMap(({ user_id, number }) =>
    number === null ? [drawOf(deps.drawKey, room.seed, user_id), user_id] : [],
  )
  const inLate = rows.flatMap(({ user_id, number }) => (number === null ? [] : [number, user_id]))
  if (inEarly.length > 0) await insist(deps, (client) => client.zadd(early, ...inEarly))
  if (inLate.length > 0) await insist(deps, (client) => client.zadd(late, ...inLate))
}

type Admitted = { admitted: JoinRow[]; early: number }

/**
 * Admissions that still run go on under their ids: a token that was not used yet is still good. Gives the place
 * after the last that was ever let in.
 */
async function restoreAdmissions(
  deps: Deps,
  room: RoomRow,
  { admitted, early }: Admitted,
): Promise<number> {
  const keys = queueKeys(room.event_id)
  let admittedTo = 0
  for (let i = 0; i < admitted.length; i += pageRows) {
    const page = admitted.slice(i, i + pageRows)
    await insist(deps, async (client) => {
      const ranks = client.pipeline()
      for (const { user_id } of page) ranks.zrank(keys.early, user_id)
      const found = await ranks.exec()
      const write = client.pipeline()
      page.forEach(({ user_id, number, admission_id, admitted_until }, at) => {
        const place = number === null ? Number(found?.[at]?.[1]) : early + number - 1
        admittedTo = Math.max(admittedTo, place + 1)
        const untilMs = admitted_until?.getTime() ?? 0
        const value = `${admission_id}:${untilMs}`
        write.setbit(keys.claimed, place, 1)
        write.zadd(keys.live, untilMs, place)
        write.set(admissionKey(room.event_id, user_id), value, 'PXAT', untilMs)
      })
      return write.exec()
    })
  }
  return admittedTo
}

const triesMax = 10

/**
 * A hundred thousand people are a hundred pages, and a busy Redis may let one of them wait too long: that one is
 * written again, which changes nothing where it was written before.
 */
async function insist<Value>(deps: Deps, work: (client: Redis) => Promise<Value>): Promise<Value> {
  for (let i = 1; ; i++) {
    try {
      return await deps.queue.ask(work)
    } catch (err) {
      if (i === triesMax || !(err instanceof Problem)) throw err
      await new Promise((resolve) => setTimeout(resolve, waitMs * i))
    }
  }
}
