import { statement, type Sql } from '../../_runtime/database.ts'

/** True where this is news. Messages that waited for it are due now; those that are on their way keep their lease. */
export async function keepContact(
  sql: Sql,
  contact: { userId: string; sealed: string; version: number },
): Promise<boolean> {
  const { userId, sealed, version } = contact
  return (await sql.query(keepStatement, [userId, sealed, version])).length > 0
}

const keepStatement = statement(
  'contact-keep',
  `with kept as (
     insert into contacts (user_id, sealed, version) values ($1, $2, $3)
     on conflict (user_id) do update set sealed = excluded.sealed, version = excluded.version
     where contacts.version < excluded.version
     returning user_id
   ), due as (
     update messages m set due_at = now() from kept k
     where m.recipient_id = k.user_id and m.status = 'QUEUED' and m.attempts = 0 and m.due_at > now()
   )
   select 1 from kept`,
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
