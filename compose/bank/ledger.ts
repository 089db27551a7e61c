import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Charge, Refund } from './book.ts'

/** What can happen at the bank. */
export type Fact =
  | { type: 'charge.created'; bodyHash: string; charge: Charge }
  | { type: 'charge.decided'; key: string; status: 'succeeded' | 'declined'; declineCode?: string }
  | { type: 'key.cancelled'; key: string }
  | { type: 'refund.created'; bodyHash: string; refund: Refund }
  | { type: 'webhook.ended'; webhookId: string; outcome: 'acknowledged' | 'given-up' }

/** A line of the ledger. `seq` counts from 1 without a gap; of a quiet one nobody is told by webhook. */
export type Entry = { seq: number; id: string; at: string; isQuiet?: boolean } & Fact

export type Ledger = {
  /** Takes a fact down; it lasts once `written` has resolved. */
  append(fact: Fact & { isQuiet?: boolean }): Entry
  /** Resolves when the system has all that was appended so far. Nothing may be answered before. */
  written(): Promise<void>
  /** The lines after `since`, as they stand in the file. */
  lines(since: number): AsyncGenerator<string>
  close(): Promise<void>
}

/**
 * Opens the file, hands all that is in it to `replay`, and cuts off what a crash left of a last line: its
 * write had not ended, so nobody was answered. A line that is broken further up stops the bank, because a
 * witness does not guess.
 *
 * Facts that arrive while a write is on its way go together in the next one. After a failed write nothing is
 * written, and so nothing answered, any more.
 */
export async function openLedger(path: string, replay: (entry: Entry) => void): Promise<Ledger> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a')
  let { seq, bytes } = await readAll(path, replay).catch(async (err: unknown) => {
    await file.close()
    throw err
  })
  await file.truncate(bytes)
  let next = newBatch()
  let inFlight: Promise<void> | undefined
  let isFlushing = false

  async function flush(): Promise<void> {
    isFlushing = true
    while (next.text !== '') {
      const { text, done } = next
      next = newBatch()
      inFlight = done.promise
      try {
        await file.appendFile(text)
      } catch (err) {
        done.reject(err)
        next.done.reject(err)
        return
      }
      bytes += Buffer.byteLength(text)
      done.resolve()
    }
    inFlight = undefined
    isFlushing = false
  }

  return {
    append(fact) {
      const entry: Entry = { seq: ++seq, id: randomUUID(), at: new Date().toISOString(), ...fact }
      next.text += `${JSON.stringify(entry)}\n`
      if (!isFlushing) void flush()
      return entry
    },
    written: () => (next.text === '' ? (inFlight ?? Promise.resolve()) : next.done.promise),
    lines: (since) => linesAfter(path, bytes, since),
    close: () => file.close(),
  }
}

function newBatch() {
  const done = Promise.withResolvers<void>()
  // Whoever waits for it sees the failure; nobody has to wait.
  done.promise.catch(() => {})
  return { text: '', done }
}

async function readAll(path: string, replay: (entry: Entry) => void) {
  let seq = 0
  let bytes = 0
  for await (const line of wholeLines(path)) {
    const entry = parse(line, seq + 1)
    replay(entry)
    seq = entry.seq
    bytes += Buffer.byteLength(line) + 1
  }
  return { seq, bytes }
}

function parse(line: string, seq: number): Entry {
  try {
    const entry = JSON.parse(line) as Entry
    if (entry.seq === seq) return entry
  } catch {
    // Told below, with the line's number.
  }
  throw new Error(`the ledger is broken at line ${seq}: it is kept as it is, and the bank stops`)
}

async function* linesAfter(path: string, bytes: number, since: number): AsyncGenerator<string> {
  if (bytes === 0) return
  let seq = 0
  for await (const line of wholeLines(path, bytes - 1)) if (++seq > since) yield line
}

/** Lines that have their end; half a line at the end of the file is none. */
async function* wholeLines(path: string, end = Infinity): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', end })) {
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
