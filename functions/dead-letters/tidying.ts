import type { Runtime } from '../_runtime/runtime.ts'
import { dropExcess, dropSettled } from './store/tidying.ts'

export type Tidying = {
  /** Tells of one more; every now and then this forgets what is too old or too much. Never throws. */
  added(): Promise<void>
  /** Forgets now; gives how many. */
  run(): Promise<number>
}

export type Limits = {
  keptMax: number
  keptDays: number
  dropped: (state: string, count: number) => void
}

const everyAdded = 100
const everyMs = 60_000

/**
 * What is kept has a limit. It is looked after when something is added, so that nobody has to wake this
 * function for it; whoever sleeps adds nothing.
 */
export function createTidying({ database, log }: Runtime, limits: Limits): Tidying {
  let added = 0
  let nextAt = 0

  async function run(): Promise<number> {
    const old = await dropSettled(database, limits.keptDays)
    const excess = await dropExcess(database, limits.keptMax)
    for (const { id, type, state } of [...old, ...excess]) {
      limits.dropped(state, 1)
      // A settled one has served; one that still waited is lost here.
      if (state === 'DEAD') log.error({ id, type }, 'a dead letter that waited was forgotten')
    }
    return old.length + excess.length
  }

  return {
    async added() {
      added++
      if (added < everyAdded && performance.now() < nextAt) return
      added = 0
      nextAt = performance.now() + everyMs
      await run().catch((err: unknown) => log.warn({ err }, 'dead letters were not tidied'))
    },
    run,
  }
}
