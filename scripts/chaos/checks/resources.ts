import { readdirSync, readFileSync } from 'node:fs'
import { functionNames, type FunctionName } from '../../../contracts/functions.ts'
import type { World } from '../world.ts'
import type { Found } from './buyers.ts'

/** What a function's process has taken of the machine. */
export type Usage = { rssMb: number; files: number }

export type Usages = Map<FunctionName, Usage>

/** Where /proc tells; elsewhere there is nothing to compare. */
export function usagesOf(world: World): Usages {
  const usages: Usages = new Map()
  for (const name of functionNames) {
    const [pid] = world.pidsOf(name)
    const usage = pid === undefined ? undefined : usageOf(pid)
    if (usage) usages.set(name, usage)
  }
  return usages
}

function usageOf(pid: number): Usage | undefined {
  try {
    const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return { rssMb: Number(kb) / 1024, files: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}

/**
 * V8 gives memory back late, and a pool keeps what it may have: so the limits lie above the baseline by what a
 * function may use at work, and below what a leak shows after minutes.
 */
const filesMoreMax = 120
const rssMoreMbMax = 150

/** Every function has one process again, with about what it had before anything went wrong. */
export function checkResources(world: World, before: Usages): Found[] {
  const now = usagesOf(world)
  return [...before].flatMap(([name, was]) => {
    const is = now.get(name)
    if (!is) return [{ what: 'a function does not run', facts: { name } }]
    const isNear = is.files <= was.files + filesMoreMax && is.rssMb <= was.rssMb + rssMoreMbMax
    return isNear ? [] : [{ what: 'a function keeps what it took', facts: { name, was, is } }]
  })
}
