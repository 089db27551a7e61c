import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the things of a running installation are, for the commands that join it. Holds a password: 0600. */
export type RunFile = {
  pid: number
  url: string
  brokerUrl: string
  mailboxUrl: string
  bankUrl: string
  adminUrl: string
  redisUrl: string
}

const fileIn = (folder: string) => join(folder, 'run.json')

export function writeRunFile(folder: string, run: RunFile): void {
  writeFileSync(fileIn(folder), JSON.stringify(run, null, 2), { mode: 0o600 })
}

/** Undefined where nothing runs from this folder, also after a crash. */
export function readRunFile(folder: string): RunFile | undefined {
  if (!existsSync(fileIn(folder))) return undefined
  const run = JSON.parse(readFileSync(fileIn(folder), 'utf8')) as RunFile
  return isAlive(run.pid) ? run : undefined
}

export const removeRunFile = (folder: string): void => rmSync(fileIn(folder), { force: true })

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
