import { statement, type Sql } from '../../_runtime/database.ts'

export type Dropped = { state: string; id: string; type: string }

/** Forgets what was settled longer ago than `days`, at most 500 at once. */
export const dropSettled = (sql: Sql, days: number): Promise<Dropped[]> =>
  sql.query<Dropped>(settledStatement, [days])

const settledStatement = statement(
  'dead-letters-drop-settled',
  `delete from dead_letters where id in (
     select id from dead_letters
     where state <> 'DEAD' and settled_at < now() - make_interval(days => $1)
       and replaying_until > now() is not true
     order by settled_at limit 500 for update skip locked
   ) returning id, type, state`,
)

/** Forgets what is more than `max`, at most 500 at once: first what was settled, each kind the oldest first. */
export const dropExcess = (sql: Sql, max: number): Promise<Dropped[]> =>
  sql.query<Dropped>(excessStatement, [max])

const excessStatement = statement(
  'dead-letters-drop-excess',
  `delete from dead_letters where id in (
     select id from dead_letters
     where replaying_until > now() is not true
     order by state = 'DEAD', coalesce(settled_at, died_at)
     limit least(500, greatest(0, (select count(*) from dead_letters) - $1)) for update skip locked
   ) returning id, type, state`,
)
