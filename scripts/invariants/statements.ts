import type { FunctionName } from '../../contracts/functions.ts'
import type { Invariant, Title } from './titles.ts'

/** A statement over one database. Each row that it gives is a violation; its first column names it. */
export type Statement = {
  title: Title
  from: FunctionName
  sql: string
  values?: unknown[]
  /**
   * It passes by itself, since other work is on its way: only what a second look finds too is a violation. All
   * others are read in one snapshot in which they must be true.
   */
  passes?: boolean
}

/** How many rows an invariant is about, and how many of them are imported history. */
export type Count = { invariant: Invariant; from: FunctionName; sql: string }

export const rowsMax = 1001
