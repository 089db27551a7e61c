import { statement, type Sql } from '../../_runtime/database.ts'

/** A message that this process has to hand over, with what it is reached by. */
export type DueMessage = {
  id: string
  recipient_id: string
  kind: string
  /** Null for a message about the account. */
  order_id: string | null
  subject: string
  facts: unknown
  sealed: string | null
  correlation_id: string
  attempts: number
  /** The sealed contact; null where the person was erased meanwhile. */
  contact: string | null
}

/**
 * Takes up to `limit` messages that are due and whose recipient is known, each for as long as its lease. Any
 * number of processes may do this at once: a row that one of them is just taking is skipped by the others,
 * and one that was taken is not due until its lease is over. Messages that were never tried go first, so
 * that new ones do not wait behind a backlog.
 */
export const claimMessages = (
  sql: Sql,
  limit: number,
  leaseSeconds: number,
): Promise<DueMessage[]> => sql.query<DueMessage>(claimStatement, [limit, leaseSeconds])

const claimStatement = statement(
  'messages-claim',
  `with due as (
     select m.id from messages m
     where m.status = 'QUEUED' and m.due_at <= now()
       and exists (select from contacts c where c.user_id = m.recipient_id)
     order by m.attempts, m.due_at limit $1 for update of m skip locked
   ), claimed as (
     update messages m set attempts = m.attempts + 1, due_at = now() + make_interval(secs => $2)
     from due where m.id = due.id
     returning m.*
   ), begun as (
     insert into deliveries (message_id, attempt) select id, attempts from claimed
   )
   select m.id, m.recipient_id, m.kind, m.order_id, m.subject, m.facts, m.sealed, m.correlation_id,
     m.attempts, c.sealed as contact
   from claimed m join contacts c on c.user_id = m.recipient_id`,
)

/** How an attempt ended, and what becomes of its message. */
export type Ended = {
  outcome: 'SENT' | 'REFUSED' | 'UNKNOWN'
  detail: string | null
  status: 'SENT' | 'QUEUED' | 'FAILED'
  /** Until it is tried again. */
  waitSeconds: number
  /** Cuts the message off from its recipient. */
  forgets: boolean
}

/**
 * Writes down how an attempt ended. What was sent stays sent, whoever else has the message by now; any other
 * end counts only while the message is still this attempt's.
 */
export async function endDelivery(
  sql: Sql,
  { id, attempts }: Pick<DueMessage, 'id' | 'attempts'>,
  ended: Ended,
): Promise<void> {
  const { outcome, detail, status, waitSeconds, forgets } = ended
  await sql.query(endStatement, [id, attempts, outcome, detail, status, waitSeconds, forgets])
}

const endStatement = statement(
  'delivery-end',
  `with ended as (
     update deliveries set outcome = $3, detail = $4, ended_at = now()
     where message_id = $1 and attempt = $2
   )
   update messages set status = $5, reason = $4, due_at = now() + make_interval(secs => $6),
     sent_at = case when $5 = 'SENT' then now() end,
     sealed = case when $5 = 'QUEUED' then sealed end,
     recipient_id = case when $7 then null else recipient_id end
   where id = $1 and ($5 = 'SENT' or (status = 'QUEUED' and attempts = $2))`,
)
