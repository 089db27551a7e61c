import type { WholeDeadLetter } from '../contracts/dead-letters.ts'
import { refuse } from './command-line.ts'
import { readCommand } from './dead-letters/command.ts'
import {
  printCounts,
  printLetter,
  printList,
  printReplays,
  printSettled,
  type Counts,
  type Page,
  type Replays,
} from './dead-letters/print.ts'
import { logIn, Refused, type Ask } from './dead-letters/session.ts'

/** `npm run dead-letters -- …`: what could not be delivered, for an operator at a terminal. */
const { command, words, url, isJson, filter, more } = readCommand()

const commands: Record<string, (ask: Ask) => Promise<void>> = {
  async list(ask) {
    const { page, size, state } = more
    const path = `/v1/dead-letters${query({ ...filter, state, page, size })}`
    show(await ask<Page>('GET', path), printList)
  },
  async counts(ask) {
    const path = `/v1/dead-letters/counts${query({ state: more.state })}`
    show(await ask<Counts>('GET', path), printCounts)
  },
  show: (ask) => each(async (id) => show(await letter(ask, id), printLetter)),
  async replay(ask) {
    if (words.length === 0) return replayMatching(ask)
    const how = more.again ? 'replay?again=true' : 'replay'
    await each(async (id) => settled(await letter(ask, id, how)))
  },
  discard: (ask) =>
    each(async (id) => settled(await letter(ask, id, 'discard', { reason: more.reason }))),
}

const letter = (ask: Ask, id: string, what?: string, body?: unknown) =>
  what === undefined
    ? ask<WholeDeadLetter>('GET', `/v1/dead-letters/${id}`)
    : ask<WholeDeadLetter>('POST', `/v1/dead-letters/${id}/${what}`, body)

/** A replay that was carried out may still have left it dead. */
function settled(one: WholeDeadLetter): void {
  show(one, printSettled)
  if (one.state === 'DEAD') process.exitCode = 1
}

async function replayMatching(ask: Ask): Promise<void> {
  const code = filter.code === undefined ? {} : { code: Number(filter.code) }
  const body = { ...filter, ...code, limit: more.limit }
  const answer = await ask<Replays>('POST', '/v1/dead-letters/replay', body)
  show(answer, printReplays)
  if (answer.waiting > 0) process.exitCode = 1
}

/** One after the other; a refused one does not stop the rest. */
async function each(work: (id: string) => Promise<void>): Promise<void> {
  for (const id of words)
    try {
      await work(id)
    } catch (err) {
      if (!(err instanceof Refused)) throw err
      console.error(`${id}: ${err.message}`)
      process.exitCode = 1
    }
}

function show<Body>(answer: Body, print: (answer: Body) => void): void {
  if (isJson) console.log(JSON.stringify(answer, null, 2))
  else print(answer)
}

function query(fields: Record<string, string | undefined>): string {
  const given = Object.entries(fields).filter(
    (one): one is [string, string] => one[1] !== undefined,
  )
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''
}

try {
  await commands[command]?.(await logIn(url))
} catch (err) {
  refuse(err instanceof Error ? err.message : String(err))
}
