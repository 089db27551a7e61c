import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** SIGKILL to those that are still there. Gives how many were. */
export function kill(pids: readonly number[]): number {
  return pids.filter((pid) => signal(pid, 'SIGKILL')).length
}

/**
 * Stops processes for a while, as a machine does that swaps or a garbage collection. A shell of its own wakes
 * them, so that they wake up even where this process is killed meanwhile.
 */
export function freeze(pids: readonly number[], seconds: number): void {
  if (pids.length === 0) return
  const list = pids.join(' ')
  spawn('sh', ['-c', `kill -STOP ${list}; sleep ${seconds}; kill -CONT ${list}`], {
    stdio: 'ignore',
    detached: true,
  }).unref()
}

export function wake(pids: readonly number[]): void {
  for (const pid of pids) signal(pid, 'SIGCONT')
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** The process and all that it started, where /proc tells. */
export function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = parentOf(entry)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const family = [pid]
  for (const one of family) family.push(...(children.get(one) ?? []))
  return family
}

function parentOf(pid: string): number | undefined {
  try {
    // The name stands in brackets and may hold anything: what follows the last one counts.
    const [, rest = ''] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return Number(rest)
  } catch {
    return undefined
  }
}
