/** A row as Postgres would give it, but that `bigint`s are numbers until a statement returns them. */
export type Row = Record<string, any>

/** One statement's work on the tables at a moment of the database's own clock. Gives the rows it returns. */
export type Run = (values: any[], now: Date) => Row[]

/** The tables of one function's database, and what each of its named statements does to them. */
export type Engine = {
  tables: Record<string, Table>
  statements: Record<string, Run>
  journal: Journal
}

/** What undoes the writes since the last commit, newest last. */
export type Journal = (() => void)[]

/** Rows by their primary key. They are replaced and never changed, so that a rollback finds them as they were. */
export class Table {
  readonly #rows = new Map<string, Row>()
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get(key: string | null | undefined): Row | undefined {
    return this.#rows.get(key ?? '')
  }

  all(): Row[] {
    return [...this.#rows.values()]
  }

  where(condition: (row: Row) => boolean): Row[] {
    const found = []
    for (const row of this.#rows.values()) if (condition(row)) found.push(row)
    return found
  }

  some(condition: (row: Row) => boolean): boolean {
    for (const row of this.#rows.values()) if (condition(row)) return true
    return false
  }

  put(key: string, row: Row): Row {
    const before = this.#rows.get(key)
    this.#rows.set(key, row)
    this.#journal.push(() => (before ? this.#rows.set(key, before) : this.#rows.delete(key)))
    return row
  }

  change(key: string, changes: Row): Row {
    return this.put(key, { ...this.#rows.get(key), ...changes })
  }

  remove(key: string): void {
    const before = this.#rows.get(key)
    if (!before) return
    this.#rows.delete(key)
    this.#journal.push(() => this.#rows.set(key, before))
  }
}

/** Takes back what was written since the journal had `length` entries. */
export function rollBack(journal: Journal, length = 0): void {
  while (journal.length > length) journal.pop()?.()
}

/** Columns as rows, as `unnest` gives them. */
export function unnest(names: string, columns: any[]): Row[] {
  const list = names.split(' ')
  const length = Math.max(0, ...list.map((_, i) => columns[i].length))
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(list.map((name, i) => [name, columns[i][row] ?? null])),
  )
}

/** Refused by Postgres with an SQLSTATE. */
export function refused(code: string, constraint = ''): Error {
  return Object.assign(new Error(`refused by ${constraint || code}`), { code, constraint })
}

export const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

export const secondsSince = (then: Date, now: Date): number =>
  (now.getTime() - then.getTime()) / 1000

/** A date as a date, whatever it was given as. */
export const dateOf = (value: string | Date | null): Date | null =>
  value === null ? null : new Date(value)

export const byId = (a: Row, b: Row): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** The order of `order by column`, nulls last. */
export const by =
  (column: string) =>
  (a: Row, b: Row): number =>
    (a[column] ?? Infinity) - (b[column] ?? Infinity)

/** As it comes out of a `jsonb` column: a copy, without what is undefined. */
export const json = (value: unknown): any => JSON.parse(JSON.stringify(value ?? null))
