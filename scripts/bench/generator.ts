import { fork } from 'node:child_process'
import { resolve } from 'node:path'
import type { Load, Loaded } from './load.ts'

export type { Ask, Load, Loaded } from './load.ts'

/** Has a process of its own ask, and gives what it was answered. It ends with this one. */
export function generate(load: Load): Promise<Loaded> {
  const child = fork(resolve('scripts/bench/load.ts'))
  return new Promise((fulfil, reject) => {
    child.once('message', (loaded) => fulfil(loaded as Loaded))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)))
    child.send(load)
  })
}

/** The latencies of the answers whose status is one of these; of all where none is named. */
export const latenciesOf = ({ latenciesMs }: Loaded, ...statuses: number[]): number[] =>
  Object.entries(latenciesMs).flatMap(([status, taken]) =>
    statuses.length === 0 || statuses.includes(Number(status)) ? taken : [],
  )

/** Answers a second. */
export const rateOf = (loaded: Loaded, ...statuses: number[]): number =>
  latenciesOf(loaded, ...statuses).length / (loaded.elapsedMs / 1000)

/** How many answers there were of each status but the one that was wanted. */
export const countOthers = (loaded: Loaded, wanted: number): number =>
  latenciesOf(loaded).length - latenciesOf(loaded, wanted).length

/** Throws where not every answer was one that is wanted: what was measured would not be what it is called. */
export function mustAnswer(loaded: Loaded, ...wanted: number[]): void {
  const odd = Object.entries(loaded.latenciesMs)
    .filter(([status]) => !wanted.includes(Number(status)))
    .map(([status, taken]) => `${taken.length} × ${status}`)
  if (odd.length > 0) throw new Error(`answers that should not be: ${odd.join(', ')}`)
}
