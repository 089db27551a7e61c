import { statement, type Sql } from '../../_runtime/database.ts'

export const shownMessages = statement(
  'personal-messages',
  `select m.id, m.kind, m.subject, m.order_id as "orderId", m.facts, m.status, m.created_at as "createdAt",
     m.sent_at as "sentAt"
   from messages m where m.recipient_id = $1 order by m.created_at desc, m.id limit $2`,
)

/** The sealed contact; undefined where none is known, or none any more. */
export async function findContact(sql: Sql, userId: string): Promise<string | undefined> {
  const [row] = await sql.query<{ sealed: string | null }>(contactStatement, [userId])
  return row?.sealed ?? undefined
}

const contactStatement = statement(
  'personal-contact',
  'select sealed from contacts where user_id = $1',
)
