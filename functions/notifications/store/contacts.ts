import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'

/** True where this is news. What waited for it is due after `createReleaseMessages`, not before. */
export async function keepContact(
  sql: Sql,
  contact: { userId: string; sealed: string; version: number },
): Promise<boolean> {
  const { userId, sealed, version } = contact
  return (await sql.query(keepStatement, [userId, sealed, version])).length > 0
}

const keepStatement = statement(
  'contact-keep',
  `insert into contacts (user_id, sealed, version) values ($1, $2, $3)
   on conflict (user_id) do update set sealed = excluded.sealed, version = excluded.version
   where contacts.version < excluded.version
   returning 1`,
)

/**
 * Makes a recipient's messages due that waited for him to be known; true where there were any. Those that are on
 * their way keep their lease. A statement of its own, for whoever has just committed a contact or a message: two
 * that are written at the same moment do not see each other, but the later of them, looking afterwards, sees both.
 */
export const createReleaseMessages = (sql: Sql) =>
  merged((recipientIds: string[]) => releaseMessages(sql, recipientIds), {
    everyMs: 20,
    mayRetry: wasRolledBack,
  })

async function releaseMessages(sql: Sql, recipientIds: string[]): Promise<boolean[]> {
  const rows = await sql.query<{ recipient_id: string }>(releaseStatement, [recipientIds])
  const released = new Set(rows.map(({ recipient_id }) => recipient_id))
  return recipientIds.map((id) => released.has(id))
}

const releaseStatement = statement(
  'messages-release',
  `with due as materialized (
     -- locked in the order of ids, as everywhere
     select m.id from contacts c join messages m on m.recipient_id = c.user_id
     where c.user_id = any($1::uuid[]) and m.status = 'QUEUED' and m.attempts = 0 and m.due_at > now()
     order by m.id for update of m
   )
   update messages m set due_at = now() where m.id = any(array(select id from due))
   returning m.recipient_id`,
)

/** Empties the contact for good and cuts it off from its messages. Repeating it changes nothing. */
export async function eraseContact(
  sql: Sql,
  { userId, version }: { userId: string; version: number },
): Promise<void> {
  await sql.query(eraseStatement, [userId, version])
}

const eraseStatement = statement(
  'contact-erase',
  `with emptied as (
     insert into contacts (user_id, sealed, version) values ($1, null, $2)
     on conflict (user_id) do update set sealed = null,
       version = greatest(contacts.version, excluded.version)
   )
   update messages set recipient_id = null, sealed = null,
     status = case when status = 'QUEUED' then 'FAILED' else status end,
     reason = case when status = 'QUEUED' then 'recipient-erased' else reason end
   where recipient_id = $1`,
)
