import { checkInvariants, createTokenMemory, type Violation } from '../invariants/check.ts'
import { identityOf } from '../invariants/report.ts'
import { pause } from './sales.ts'
import type { World } from './world.ts'

export type Watch = { looks: number; violations: Violation[]; stop(): Promise<void> }

const everyMs = 1000

/** Looks once a second at what must be true at every instant. What cannot be read at the moment is read later. */
export function watch(world: World): Watch {
  const seen = new Map<string, Violation>()
  const tokens = createTokenMemory()
  let isStopped = false
  const watching = { looks: 0, violations: [] as Violation[], stop }
  const running = (async () => {
    while (!isStopped) {
      const { violations, unread } = await checkInvariants(placesOf(world), {
        moment: 'any',
        tokens,
      })
      if (unread.length === 0) watching.looks += 1
      for (const one of violations) seen.set(identityOf(one), one)
      watching.violations = [...seen.values()]
      await pause(everyMs)
    }
  })()
  async function stop(): Promise<void> {
    isStopped = true
    await running
  }
  return watching
}

export const placesOf = ({ stack }: World) => ({
  databaseUrl: stack.databaseUrl,
  ledger: stack.bankUrl,
  redisUrl: stack.redisUrl,
})
