import type { Random } from './random.ts'
import type { World } from './world.ts'

/** What a fault does this time, drawn from the seed before anything runs. */
export type Blow = { target: string; forMs: number; detail: string }

export type Fault = {
  /** One sentence, for `--list` and the docs. */
  what: string
  /** How often it comes in each pack of faults; one of 0.3 comes in three packs of ten. */
  weight: number
  draw(random: Random): Blow
  /** Does it, waits `forMs`, and ends it. Gives how many times it really hit something. */
  strike(world: World, blow: Blow, random: Random): Promise<number>
}

export const blow = (target: string, forMs = 0, detail = ''): Blow => ({ target, forMs, detail })
