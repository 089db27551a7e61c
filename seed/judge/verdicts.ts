import type { Source } from '../csv.ts'
import { fieldsOf } from '../fields.ts'
import type { Name, Row } from '../form.ts'
import { idOf } from '../ids.ts'
import { readers, type Items } from './rows.ts'

/** What an earlier import left of a row; `row` is null where the person that it was about is erased. */
export type Known = { row: Row | null; flags?: string[] }

/** What becomes of one row: rejected for its `reasons`, else imported, and flagged where it has `flags`. */
export type Verdict<Item> = {
  line: number
  /** As it came; the bare text where it has not the columns of the form. */
  original: Row | string
  id: string
  item: Item
  reasons: string[]
  flags: string[]
  /** It is there already, from an earlier import: nothing of it is judged or written again. */
  isKnown: boolean
}

export type Verdicts<Item> = {
  /** In the order of the file. */
  all: Verdict<Item>[]
  /** The first with each number. */
  byNumber: Map<number, Verdict<Item>>
}

export type Judged = { [File in Name]: Verdicts<Items[File]> }

export const isAccepted = ({ reasons }: Verdict<unknown>): boolean => reasons.length === 0
export const isNew = (verdict: Verdict<unknown>): boolean => isAccepted(verdict) && !verdict.isKnown
export const acceptedOf = <Item>({ all }: Verdicts<Item>) => all.filter(isAccepted)
export const newOf = <Item>({ all }: Verdicts<Item>) => all.filter(isNew)

/** Judges each row by itself, against the rows before it, and against what an earlier import left. */
export function judgeRows<File extends Name>(
  name: File,
  sources: Source[],
  known: ReadonlyMap<string, Known>,
): Verdicts<Items[File]> {
  const byNumber = new Map<number, Verdict<Items[File]>>()
  const all = sources.map((source) => {
    const verdict = judgeRow(name, source)
    const { number } = verdict.item
    if (byNumber.has(number)) verdict.reasons.push('duplicate-number')
    else if (number > 0) {
      byNumber.set(number, verdict)
      compare(verdict, known.get(verdict.id))
    }
    return verdict
  })
  return { all, byNumber }
}

function judgeRow<File extends Name>(name: File, source: Source): Verdict<Items[File]> {
  const { line, row, text } = source
  const fields = fieldsOf(row ?? {})
  const item = readers[name](fields) as Items[File]
  return {
    line,
    original: row ?? text,
    id: idOf(name, item.number),
    item,
    reasons: row ? fields.reasons : ['bad-columns'],
    flags: [...new Set(fields.flags)],
    isKnown: false,
  }
}

function compare(verdict: Verdict<unknown>, known: Known | undefined): void {
  if (!known) return
  const { original } = verdict
  if (known.row === null) verdict.flags = ['erased-here']
  else if (typeof original === 'string' || !isSame(original, known.row))
    return void verdict.reasons.push('number-taken')
  else verdict.flags = known.flags ?? verdict.flags
  verdict.reasons = []
  verdict.isKnown = true
}

const isSame = (one: Row, other: Row) =>
  Object.entries(one).every(([column, text]) => other[column] === text)

/** Rejects the rows that refer to one that is not there or was rejected itself. */
export function refer<Item, Other>(
  verdicts: Verdicts<Item>,
  thing: string,
  numberOf: (item: Item) => number,
  others: Verdicts<Other>,
): void {
  for (const { item, reasons } of newOf(verdicts)) {
    const other = others.byNumber.get(numberOf(item))
    if (!other) reasons.push(`no-${thing}`)
    else if (!isAccepted(other)) reasons.push(`${thing}-rejected`)
  }
}

/** The row that an accepted row refers to: `refer` made sure that it is there. */
export function referredTo<Item>({ byNumber }: Verdicts<Item>, number: number): Verdict<Item> {
  const verdict = byNumber.get(number)
  if (!verdict) throw new Error(`row ${number} was accepted without what it refers to`)
  return verdict
}

/** Sorts what is there already before what is new, and leaves both as they were. */
export const knownFirst = (one: Verdict<unknown>, other: Verdict<unknown>): number =>
  Number(other.isKnown) - Number(one.isKnown)
