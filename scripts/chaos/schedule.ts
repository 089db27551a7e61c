import type { Blow, Fault } from './fault.ts'
import { networkFaults, clearNetwork } from './network-faults.ts'
import { processFaults } from './process-faults.ts'
import type { Random } from './random.ts'
import { pause } from './sales.ts'
import { emptyAgain, serviceFaults } from './service-faults.ts'
import { kill } from './signals.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import type { World } from './world.ts'

export const faults: Record<string, Fault> = {
  ...processFaults,
  ...serviceFaults,
  ...networkFaults,
}

/** A fault of a run: when, which, where, and for how long. `hits` says how often it met something. */
export type Entry = { atMs: number; fault: string; hits?: number } & Blow

const everyMs = 450

/**
 * All faults of a run, drawn from its seed alone: the same seed, the same schedule. They come like cards of a pack,
 * each as often as it weighs, so that a short run too meets nearly all of them.
 */
export function drawSchedule(random: Random, seconds: number, names: readonly string[]): Entry[] {
  const pack = () =>
    names.flatMap((name) => {
      const { weight } = faults[name] as Fault
      const count = Math.floor(weight) + (random.happens(weight % 1) ? 1 : 0)
      return Array.from({ length: count }, () => name)
    })
  const entries: Entry[] = []
  let left: string[] = []
  for (let atMs = 300; atMs < seconds * 1000 - 500; atMs += random.between(50, everyMs * 2)) {
    while (left.length === 0) left = random.shuffled(pack())
    const fault = left.pop() as string
    entries.push({ atMs, fault, ...(faults[fault] as Fault).draw(random) })
  }
  return entries
}

/** Strikes each entry at its time; ends when the last one is over. One thing at a time goes wrong with a target. */
export async function strikeAll(
  world: World,
  schedule: Entry[],
  { random, say }: { random: Random; say: (line: string) => void },
): Promise<void> {
  const start = performance.now()
  const busy = new Set<string>()
  const running: Promise<void>[] = []
  for (const entry of schedule) {
    await pause(Math.max(0, start + entry.atMs - performance.now()))
    if (busy.has(entry.target)) continue
    busy.add(entry.target)
    say(lineOf(entry))
    const fault = faults[entry.fault] as Fault
    running.push(
      fault
        .strike(world, entry, random)
        .then((hits) => void (entry.hits = hits))
        .finally(() => busy.delete(entry.target)),
    )
  }
  await Promise.all(running)
}

/** When, what, where, how long. */
const lineOf = ({ atMs, fault, target, forMs, detail }: Entry): string =>
  [
    `  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${fault.padEnd(18)}${target}`,
    detail && `(${detail})`,
    forMs > 0 && `for ${(forMs / 1000).toFixed(1)} s`,
  ]
    .filter(Boolean)
    .join(' ')

/** Everything as it should be again; what ran with a wrong clock starts anew. */
export async function clear(world: World): Promise<void> {
  clearNetwork(world)
  world.disarm()
  await emptyAgain(world)
  for (const name of world.skews.keys()) kill(world.pidsOf(name as FunctionName))
  world.skews.clear()
}
