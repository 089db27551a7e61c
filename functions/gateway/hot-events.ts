import { hotEventsKey, type HotEvents } from '../_runtime/admission.ts'
import type { Edge } from '../_runtime/edge.ts'
import { Problem } from '../_runtime/problem.ts'

/** The events that nobody buys at without an admission, as they were up to a second ago. */
export type Hot = { current(): ReadonlySet<string> | Promise<ReadonlySet<string>> }

const freshMs = 1000

/**
 * From Redis; from waiting-room where Redis has lost the list; the last one known where neither says. A gateway
 * that never knew one lets nobody buy: a hot event must not be open to all because nobody remembers that it is
 * hot. Nothing is asked while nobody buys, and one question serves all who wait for it.
 */
export function createHotEvents({ redis, calls, log }: Pick<Edge, 'redis' | 'calls' | 'log'>): Hot {
  let known: ReadonlySet<string> | undefined
  let knownAt = -Infinity
  let asking: Promise<ReadonlySet<string>> | undefined

  async function ask(): Promise<ReadonlySet<string>> {
    const hot = await fetchHot()
    if (hot) known = new Set(hot.events)
    if (!known) throw new Problem('busy', 'Which events are hot is not known; try again')
    knownAt = performance.now()
    return known
  }

  async function fetchHot(): Promise<HotEvents | undefined> {
    const kept = await redis.attempt(async (client) => (await client.get(hotEventsKey)) ?? 'lost')
    if (kept !== undefined && kept !== 'lost') return JSON.parse(kept) as HotEvents
    if (kept === undefined && known) return undefined
    try {
      const { listHotEvents } = await import('../../contracts/waiting-room.ts')
      return (await calls(listHotEvents, {})).body
    } catch (err) {
      log.warn({ err }, 'the list of hot events cannot be had')
      return undefined
    }
  }

  return {
    current() {
      if (known && performance.now() - knownAt < freshMs) return known
      return (asking ??= ask().finally(() => (asking = undefined)))
    },
  }
}
