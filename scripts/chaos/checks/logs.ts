import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../world.ts'
import type { Found } from './buyers.ts'

/** A process that ends by itself, or says that something was a bug of ours. */
const bugs = [
  /unhandled ?rejection/i,
  /uncaught ?exception/i,
  /a request failed on a bug/,
  /\b(TypeError|ReferenceError|RangeError|AssertionError)\b/,
  /MaxListenersExceededWarning/,
]

/** A JWT, a payment token. */
const secretForms = [
  /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\btok_(ok|declined|3ds|slow|timeout)\b/,
]
const shownMax = 5

type Logged = Pick<World, 'folder' | 'lines'> & { stack: Pick<World['stack'], 'secrets'> }

/** What the functions wrote down has no bug in it, and no secret. */
export function checkLogs({ folder, stack, lines }: Logged): Found[] {
  const found: Found[] = []
  const { databases, ...keys } = stack.secrets
  const secrets = [...Object.values(keys), ...Object.values(databases)]
  for (const file of readdirSync(join(folder, 'logs'))) {
    const log = readFileSync(join(folder, 'logs', file), 'utf8').split('\n')
    const wrong = log.filter((line) => bugs.some((form) => form.test(line)))
    for (const line of distinct(wrong).slice(0, shownMax))
      found.push({ what: 'a log tells of a bug', facts: { file, line: line.slice(0, 1500) } })
    const isSecret = (line: string) =>
      secrets.some((secret) => line.includes(secret)) || secretForms.some((form) => form.test(line))
    for (const line of log.filter(isSecret).slice(0, shownMax))
      found.push({ what: 'a log holds a secret', facts: { file, line: line.slice(0, 300) } })
  }
  for (const line of lines.filter((one) =>
    / died \(exit code| cannot start \((?!SIGKILL)/.test(one),
  ))
    found.push({ what: 'a process ended by itself', facts: { line } })
  return found
}

/** One line of each kind: they differ in their times and ids. */
const distinct = (lines: string[]): string[] => [
  ...new Map(lines.map((line) => [line.replaceAll(/[0-9a-f-]{8,}|\d+/g, ''), line])).values(),
]
