import type { Chance } from './chance.ts'

/**
 * What can happen to a call: it never arrives; it is done and nobody hears of it; it takes long; it is done
 * twice; who asked dies before it leaves, or once it is done.
 */
export type Fault = 'before' | 'lost' | 'delay' | 'twice' | 'crash-before' | 'crash-after'

export type Faults = {
  /** The fault that a call at this place meets this time; mostly none. */
  at(site: string, kinds: readonly Fault[]): Fault | undefined
  /** From here on everything works. */
  stop(): void
  isOn(): boolean
}

/** As FoundationDB's BUGGIFY has it: a place is bad in a quarter of all worlds, and then a quarter of the times. */
const isBadOdds = 0.25
const firesOdds = 0.25

export function createFaults(chance: Chance, isOn: boolean): Faults {
  const isBad = new Map<string, boolean>()
  return {
    at(site, kinds) {
      if (!isOn) return undefined
      let bad = isBad.get(site)
      if (bad === undefined) isBad.set(site, (bad = chance.is(isBadOdds)))
      return bad && chance.is(firesOdds) ? chance.pick(kinds) : undefined
    },
    stop: () => (isOn = false),
    isOn: () => isOn,
  }
}
