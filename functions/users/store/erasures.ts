import { keepers, type Keeper } from '../../../contracts/personal-data.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

/** Notes that every other function is to forget him, in the transaction of the erasure. */
export const insertErasure = (tx: Sql, userId: string) =>
  tx.query(insertStatement, [userId, keepers])

const insertStatement = statement(
  'erasure-insert',
  `insert into erasures (user_id, function_name) select $1, unnest($2::text[])
   on conflict do nothing`,
)

export type Step = { user_id: string; function_name: Keeper }

/** What is due to be asked, up to `limit`; not again before a while that doubles, from 10 s to an hour. */
export const claimSteps = (sql: Sql, limit: number) => sql.query<Step>(claimStatement, [limit])

const claimStatement = statement(
  'erasure-claim',
  `with due as (
     select user_id, function_name from erasures where due_at <= now()
     order by due_at limit $1 for update skip locked
   )
   update erasures e set attempts = e.attempts + 1,
     due_at = now() + least(interval '1 hour', interval '10 s' * 2 ^ least(e.attempts, 10))
   from due d where e.user_id = d.user_id and e.function_name = d.function_name
   returning e.user_id, e.function_name`,
)

/**
 * Notes an answer. Where nothing is left it is asked four times more, for what was on its way and came late: a token
 * that was still good, a CloudEvent that was delivered again, a dead letter that was replayed.
 */
export const noteAnswer = (sql: Sql, step: Step, open: number) =>
  sql.query(answerStatement, [step.user_id, step.function_name, open])

const answerStatement = statement(
  'erasure-answer',
  `update erasures set open = $3,
     attempts = case when $3 = 0 then 0 else attempts end,
     passes = passes + case when $3 = 0 then 1 else 0 end,
     forgotten_at = case when $3 = 0 then coalesce(forgotten_at, now()) end,
     due_at = case when $3 > 0 then due_at else now() + (array[interval '1 min', '1 hour', '1 day', '7 days'])[passes + 1] end
   where user_id = $1 and function_name = $2`,
)

export type ErasureRow = {
  function_name: Keeper
  asked_at: Date
  forgotten_at: Date | null
  open: number
  attempts: number
}

export const findErasure = (sql: Sql, userId: string) =>
  sql.query<ErasureRow>(findStatement, [userId])

const findStatement = statement(
  'erasure-find',
  `select function_name, asked_at, forgotten_at, open, attempts from erasures
   where user_id = $1 order by function_name`,
)
