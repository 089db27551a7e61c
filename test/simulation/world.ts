import type { FunctionName } from '../../contracts/functions.ts'
import type { Chance } from './chance.ts'
import { whose, type Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Fault, Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Trace } from './trace.ts'

/** What all parts of one simulation share. */
export type World = {
  seed: number
  clock: Clock
  chance: Chance
  faults: Faults
  trace: Trace
  counters: Counters
  /** How long a hold lasts here. */
  holdSeconds: number
  /** Redis, or the database of a function, that cannot be reached at the moment. */
  outages: Set<string>
  /** Undefined while a function has no process. */
  processes: Map<FunctionName, Process>
  /** Ends a process as SIGKILL does, and starts another a moment later. */
  crash(process: Process): void
  /** Something that must never happen; the run has failed. */
  violations: string[]
}

export type Port<Result> = {
  site: string
  /** What is done on the other side. */
  effect: () => Result | Promise<Result>
  /** Which faults this port knows; the same twice makes it likelier. */
  kinds: readonly Fault[]
  /** What the caller is told where nothing was done. */
  none: () => Error
  /** What the caller is told where nobody knows. */
  unknown: () => Error
  /** How long a slow answer takes. */
  slowMs?: readonly [number, number]
}

/**
 * A call that leaves the process: the place where others get their turn, and where things go wrong. What a
 * process asked is never answered once it is dead.
 */
export function through<Result>(
  world: World,
  process: Process | undefined,
  { site, effect, kinds, none, unknown, slowMs = [5, 400] }: Port<Result>,
): Promise<Result> {
  const { clock, chance, faults, trace } = world
  const fault = faults.at(site, kinds)
  trace.note(site, fault)
  return new Promise((resolve, reject) => {
    const answer = (say: () => void) => () => {
      if (!process?.isDead) say()
    }
    const crash = () => process && !process.isDead && world.crash(process)
    const act = async () => {
      try {
        const result = await effect()
        if (fault === 'crash-after') crash()
        else if (fault === 'lost')
          clock.after(
            chance.next() * 5,
            answer(() => reject(unknown())),
          )
        else if (chance.is(0.3))
          clock.after(
            chance.next() * 2,
            answer(() => resolve(result)),
          )
        else answer(() => resolve(result))()
      } catch (err) {
        answer(() => reject(err))()
      }
    }
    if (fault === 'crash-before') return void crash()
    const wayMs = 0.1 + chance.next() * (fault === 'delay' ? chance.whole(...slowMs) : 1.5)
    if (fault === 'before')
      return void clock.after(
        wayMs,
        answer(() => reject(none())),
      )
    if (fault === 'twice') clock.after(wayMs + chance.next() * 20, () => void repeat(effect))
    clock.after(wayMs, () => void act())
  })
}

/** The second time nobody hears what came of it. */
async function repeat(effect: () => unknown): Promise<void> {
  try {
    await effect()
  } catch {
    // Whoever asked has the answer of the first time.
  }
}

/** Runs work as a process of its own would: with its clock, and in nobody's request. */
export const inside = <Result>(process: Process, work: () => Result): Result =>
  whose.run(process, work)
