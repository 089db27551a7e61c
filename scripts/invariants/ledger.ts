import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { Entry } from '../../compose/bank/ledger.ts'
import { CannotRead } from './sources.ts'

/** What the bank says of one order, or of one key that is no order's. In minor units. */
export type Witnessed = {
  id: string
  /** Charges whose money was taken. */
  charges: number
  takenMinor: number
  backMinor: number
  currency: string
}

/** In memory at once. */
const chargesAtOnce = 200_000
const orderForm = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?::[1-9]\d?)?$/

/**
 * The ledger by order, in the order of ids. It is written in the order of time; so it is read once for each part of
 * the ids that fits into memory, up to the line that it had when the reading began.
 */
export async function* readLedger(
  place: string,
  only?: ReadonlySet<string>,
  chargesMax = chargesAtOnce,
): AsyncGenerator<Witnessed> {
  let lines = 0
  let charges = 0
  for await (const line of linesOf(place)) {
    lines++
    if (line.includes('"type":"charge.created"')) charges++
  }
  const parts = Math.max(1, Math.ceil(charges / chargesMax))
  for (let part = 0; part < parts; part++) {
    const found = await readPart(
      place,
      lines,
      (id) => partOf(id, parts) === part && (only?.has(id) ?? true),
    )
    for (const id of [...found.keys()].toSorted(byCode)) yield found.get(id) as Witnessed
  }
}

const byCode = (a: string, b: string) => (a < b ? -1 : 1)

/** Ids of orders are spread evenly; whatever else is a key comes before or after them, in its place. */
function partOf(id: string, parts: number): number {
  let part = parts - 1
  while (part > 0 && id < boundary(part, parts)) part--
  return part
}

const boundary = (part: number, parts: number) =>
  Math.floor((part / parts) * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0')

async function readPart(place: string, linesMax: number, isOurs: (id: string) => boolean) {
  const byId = new Map<string, Witnessed>()
  const ofCharges = new Map<string, { id: string; amountMinor: number; currency: string }>()
  const taken = (
    id: string,
    { amountMinor, currency }: { amountMinor: number; currency: string },
  ) => {
    const known = byId.get(id) ?? { id, charges: 0, takenMinor: 0, backMinor: 0, currency }
    byId.set(id, known)
    known.charges++
    known.takenMinor += amountMinor
  }
  const deciding = new Map<string, { amountMinor: number; currency: string }>()

  function apply(entry: Entry): void {
    if (entry.type === 'charge.created') {
      const { key, id: chargeId, status, amountMinor, currency } = entry.charge
      const id = orderOf(key)
      if (!isOurs(id)) return
      ofCharges.set(chargeId, { id, amountMinor, currency })
      if (status === 'succeeded') taken(id, entry.charge)
      else if (status === 'requires_action') deciding.set(key, { amountMinor, currency })
    }
    if (entry.type === 'charge.decided') {
      const waiting = deciding.get(entry.key)
      deciding.delete(entry.key)
      if (waiting && entry.status === 'succeeded') taken(orderOf(entry.key), waiting)
    }
    if (entry.type === 'refund.created') {
      const id = ofCharges.get(entry.refund.chargeId)?.id
      const known = id === undefined ? undefined : byId.get(id)
      if (known) known.backMinor += entry.refund.amountMinor
    }
  }

  let seen = 0
  for await (const line of linesOf(place)) {
    if (seen++ === linesMax) break
    apply(entryOf(place, line))
  }
  return byId
}

/** A payer's further tries have keys of their own, numbered. A key that is no order's stands for itself. */
const orderOf = (key: string): string => orderForm.exec(key)?.[1] ?? key

function entryOf(place: string, line: string): Entry {
  try {
    return JSON.parse(line) as Entry
  } catch (err) {
    throw new CannotRead(`the ledger ${place}`, err)
  }
}

/** The entries of a file or of the bank's answer: both have one a line. A last line without its end is being written. */
async function* linesOf(place: string): AsyncGenerator<string> {
  const isAddress = /^https?:/.test(place)
  let before: string | undefined
  try {
    const input = isAddress ? await answerOf(place) : createReadStream(place)
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (before !== undefined) yield before
      before = line.startsWith('{"seq"') ? line.replace(/,$/, '') : undefined
    }
  } catch (err) {
    if (err instanceof CannotRead) throw err
    throw new CannotRead(`the ledger ${place}`, err)
  }
  if (before !== undefined && isWhole(before)) yield before
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

async function answerOf(address: string): Promise<Readable> {
  const response = await fetch(new URL('/ledger', address), {
    signal: AbortSignal.timeout(ledgerMsMax),
  })
  if (!response.ok || !response.body) throw new Error(`the bank answered ${response.status}`)
  return Readable.fromWeb(response.body as never)
}

const ledgerMsMax = 120_000
