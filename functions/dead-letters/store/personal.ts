import { statement, type Sql } from '../../_runtime/database.ts'

// CloudEvents whose subject is a user; the others have ids only, and go when they are settled and old.
const isHis = `subject = $1 and type like 'dev.boxoffice.%' and source = '/functions/users'`

export const shownKinds = {
  deadLetters: statement(
    'personal-dead-letters',
    `select id, type, function_name as function, state, died_at as "diedAt"
     from dead_letters where ${isHis} order by died_at desc, id limit $2`,
  ),
}

/** Deletes what waited of a user's news: it has his contact, and nobody needs it any more. His erasure itself stays. */
export const forgetLetters = (sql: Sql, userId: string) => sql.query(forgetStatement, [userId])

const forgetStatement = statement(
  'personal-forget',
  `delete from dead_letters where ${isHis} and type not like 'dev.boxoffice.user.erased.%'`,
)
