import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the things of a running installation are, for the commands that join it. Holds a password: 0600. */
export type RunFile = {
  pid: number
  /** Tells this process from a later one of the same number; empty where the system does not say. */
  birth: string
  url: string
  brokerUrl: string
  mailboxUrl: string
  bankUrl: string
  adminUrl: string
  redisUrl: string
}

const fileIn = (folder: string) => join(folder, 'run.json')

export function writeRunFile(folder: string, run: Omit<RunFile, 'pid' | 'birth'>): void {
  const { pid } = process
  const text = JSON.stringify({ pid, birth: birthOf(pid), ...run }, null, 2)
  writeFileSync(fileIn(folder), text, { mode: 0o600 })
}

/** Undefined where nothing runs from this folder, also after a crash. */
export function readRunFile(folder: string): RunFile | undefined {
  if (!existsSync(fileIn(folder))) return undefined
  const run = JSON.parse(readFileSync(fileIn(folder), 'utf8')) as RunFile
  return isAlive(run.pid) && birthOf(run.pid) === run.birth ? run : undefined
}

export const removeRunFile = (folder: string): void => rmSync(fileIn(folder), { force: true })

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    // EPERM: it lives, as somebody else.
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** After a crash a container often gives the same process number to another: proc(5), field 22 of stat, and the boot. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch {
    return ''
  }
}
