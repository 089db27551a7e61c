import { createAdmissionTokens, deriveKey, type AdmissionTokens } from '../_runtime/admission.ts'
import type { Runtime } from '../_runtime/runtime.ts'
import { createAdmitting, type Admitting } from './admitting.ts'
import { createAudience, type Audience } from './audience.ts'
import type { Config } from './config.ts'
import { createQueue, type Queue } from './queue.ts'
import { createRooms, type Rooms } from './rooms.ts'
import { createJournal, type Journal } from './store/joins.ts'
import { findRoom } from './store/rooms.ts'

/** What the use cases of the waiting room work with. */
export type Deps = Runtime & {
  rooms: Rooms
  queue: Queue
  journal: Journal
  admitting: Admitting
  audience: Audience
  admissionTokens: AdmissionTokens
  drawKey: Buffer
  hotEventsMax: number
  keptHours: number
  /** Counts people who were let in. */
  admissions: { inc(): void }
  /** Counts queues that Redis had lost. */
  rebuilt: { inc(): void }
}

export function createDeps(runtime: Runtime, config: Config): Deps {
  const secret = config.ADMISSION_KEY ?? config.SERVICE_KEY
  const depsOf = () => deps
  const deps: Deps = {
    ...runtime,
    rooms: createRooms((eventId) => findRoom(runtime.database, eventId)),
    queue: createQueue(runtime.redis, { claimMs: config.CLAIM_SECONDS * 1000 }),
    journal: createJournal(runtime.database),
    admitting: createAdmitting(depsOf),
    audience: createAudience(depsOf, { streamsMax: config.STREAMS_MAX }),
    admissionTokens: createAdmissionTokens(secret),
    drawKey: deriveKey(secret, 'draw'),
    hotEventsMax: config.HOT_EVENTS_MAX,
    keptHours: config.KEPT_HOURS,
    admissions: runtime.metrics.counter('waiting_room_admissions_total', 'People let in', []),
    rebuilt: runtime.metrics.counter(
      'waiting_room_rebuilt_total',
      'Queues that Redis had lost and the journal gave back',
      [],
    ),
    async close() {
      deps.audience.close()
      deps.admitting.close()
      await runtime.close()
    },
  }
  return deps
}
