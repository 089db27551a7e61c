import { statement, type Sql } from '../../_runtime/database.ts'
import { deadLetterColumns, type DeadLetterRow } from './dead-letters.ts'
import { filterValues, matches, type Filter } from './replays.ts'

export type ListFilter = Filter & { state?: string | undefined; page: number; size: number }

/** A page past the end still has one row, for the count. */
type Counted = (DeadLetterRow | { id: null }) & { total: string }

/** One page, those that died last first, and how many match, in one statement. */
export async function listDeadLetters(sql: Sql, filter: ListFilter) {
  const { state = null, page, size } = filter
  const rows = await sql.query<Counted>(listStatement, [
    ...filterValues(filter),
    state,
    size,
    (page - 1) * size,
  ])
  return {
    rows: rows.filter((row): row is DeadLetterRow & { total: string } => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  }
}

const listStatement = statement(
  'dead-letters-list',
  `with matching as (
     select d.id, d.died_at from dead_letters d
     where ${matches(1)} and ($5::text is null or d.state = $5)
   ), page as (
     select ${deadLetterColumns} from matching m join dead_letters d on d.id = m.id
     order by m.died_at desc, m.id desc limit $6 offset $7
   )
   select c.total, p.* from (select count(*) as total from matching) c left join page p on true
   order by p.died_at desc, p.id desc`,
)

export type Group = {
  type: string
  destination: string | null
  function_name: string | null
  code: number | null
  count: string
  oldest_at: Date
  total: string
}

/** The largest groups of one state, each with the number of all. */
export const countDeadLetters = (sql: Sql, state: string): Promise<Group[]> =>
  sql.query<Group>(countStatement, [state])

const countStatement = statement(
  'dead-letters-count',
  `select type, destination, function_name, code, count(*) as count, min(died_at) as oldest_at,
     sum(count(*)) over () as total
   from dead_letters where state = $1
   group by type, destination, function_name, code order by count(*) desc, min(died_at) limit 200`,
)

/** How many wait, of those that match. */
export async function countWaiting(sql: Sql, filter: Filter = {}): Promise<number> {
  const [row] = await sql.query<{ count: string }>(waitingStatement, filterValues(filter))
  return Number(row?.count ?? 0)
}

const waitingStatement = statement(
  'dead-letters-waiting',
  `select count(*) from dead_letters d where d.state = 'DEAD' and ${matches(1)}`,
)
