import { statement, type Statement } from '../../_runtime/database.ts'

export type ListQuery = {
  table: string
  columns: string
  conditions: string[]
  values: unknown[]
  /** The column to sort by; rows that are equal in it follow their ids. */
  sort: string
  direction: 'asc' | 'desc'
  /** True where finding the rows is dear: they are then found once, and not again to be counted. */
  isDear: boolean
  page: number
  size: number
}

/**
 * A list's one statement: a page, and on every page the number of all rows. It is run unprepared: which index
 * is best depends on the values, so each list is planned for its own.
 */
export function listStatement(query: ListQuery): Statement & { values: unknown[] } {
  const { table, columns, conditions, values, sort, direction, isDear, page, size } = query
  const [limit, offset] = [`$${values.length + 1}`, `$${values.length + 2}`]
  const text = `
    with found as ${isDear ? '' : 'not'} materialized (
      select e.id, e.${sort} as rank from ${table} e where ${['true', ...conditions].join(' and ')}
    ), page as (
      select id, rank from found order by rank ${direction}, id ${direction}
      limit ${limit} offset ${offset}
    )
    select counted.total, ${columns}
    from (select count(*)::int as total from found) counted
      left join (page join ${table} e using (id)) on true
    order by page.rank ${direction}, page.id ${direction}`
  return { ...statement('', text), values: [...values, size, (page - 1) * size] }
}

/** A row of the page, or, past the end, nothing but the count. */
export type Listed<Row> = { total: number } & (Row | { id: null })

export const pageOf = <Row extends { id: string }>(listed: Listed<Row>[]) => ({
  rows: listed.filter((row): row is { total: number } & Row => row.id !== null) as Row[],
  total: listed[0]?.total ?? 0,
})

/** Collects values and gives each its place in the statement. */
export function binding() {
  const values: unknown[] = []
  return { values, bind: (value: unknown) => `$${values.push(value)}` }
}
