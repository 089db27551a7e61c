import type { FunctionName } from '../../../contracts/functions.ts'
import { newId } from '../../../functions/_runtime/ids.ts'
import type { Title } from '../../../scripts/invariants/titles.ts'

/** What the plants are about: a confirmed order of two seats, one given back in part, one given back whole. */
export type Scene = {
  eventId: string
  /** Nobody has it. */
  freeSeat: string
  confirmed: string
  seats: string[]
  partial: string
  refunded: string
  /** Cancelled before it was paid. */
  cancelled: string
}

/** A fact written by hand that no function would write, and the violation that must name it. */
export type Plant = {
  title: Title
  in: FunctionName
  /** The tables that it changes: they are put back afterwards. */
  tables: string[]
  /** Takes away what keeps it from being written. */
  first?: string
  sql: (scene: Scene) => [string, ...unknown[]]
  afterwards?: string
  /** What the facts must name. */
  names: (scene: Scene) => string
}

/** An id that nothing has. */
export const other = newId()

export const plant = (
  name: FunctionName,
  table: string,
  title: Title,
  rest: Omit<Plant, 'title' | 'in' | 'tables'> & { tables?: string[] },
): Plant => ({ title, in: name, tables: [table], ...rest })

export const confirmed = ({ confirmed: id }: Scene): string => id
export const seat = ({ seats }: Scene): string => seats[0] ?? ''
