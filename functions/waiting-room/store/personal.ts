import { statement, type Sql } from '../../_runtime/database.ts'
import { nobody } from '../../_runtime/personal-data.ts'

export const shownKinds = {
  waitingRooms: statement(
    'personal-joins',
    `select event_id as "eventId", joined_at as "joinedAt", number, admitted_until as "admittedUntil"
     from joins where user_id = $1 order by joined_at desc, event_id limit $2`,
  ),
}

/** The events in whose queues he stands, up to `limit` of them. */
export const findQueues = (sql: Sql, userId: string, limit: number) =>
  sql.query<{ event_id: string }>(queuesStatement, [userId, limit])

const queuesStatement = statement(
  'personal-queues',
  'select event_id from joins where user_id = $1 limit $2',
)

/** Gives his place in the journal to a stranger, as the queue has it by now. */
export const renameJoin = (sql: Sql, join: { eventId: string; userId: string; name: string }) =>
  sql.query(renameStatement, [join.eventId, join.userId, join.name])

const renameStatement = statement(
  'personal-rename',
  'update joins set user_id = $3 where event_id = $1 and user_id = $2',
)

export const forgetOrganizer = (sql: Sql, userId: string) => sql.query(organizerStatement, [userId])

const organizerStatement = statement(
  'personal-forget',
  `with forgotten as (update events set organizer_id = null where organizer_id = $1)
   update rooms set changed_by = '${nobody}' where changed_by = $1`,
)
