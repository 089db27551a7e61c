import type { Draft } from '../drafts.ts'
import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'

/** A draft with all that makes it a row. */
export type NewMessage = {
  id: string
  draft: Draft
  sealed: string | null
  correlationId: string
}

/** What became of a message: queued now, or there already; and whether its recipient can be reached yet. */
export type Inserted = { isNew: boolean; isReachable: boolean }

/**
 * Queues messages, those of the moment in one statement; none where it is there already. Who is told of an order's
 * end gets no tickets for it any more: neither those that still wait nor those that are told of later. A message
 * whose recipient is not known yet comes up when he is, and now and then in case that was missed.
 */
export const createInsertMessage = (sql: Sql) =>
  merged((messages: NewMessage[]) => insertMessages(sql, messages), {
    // Two messages of one order in one statement would not see each other.
    keys: ({ id, draft }) => [draft.orderId ?? id],
    everyMs: 20,
    mayRetry: wasRolledBack,
  })

async function insertMessages(sql: Sql, messages: NewMessage[]): Promise<Inserted[]> {
  const drafts = messages.map(({ draft }) => draft)
  const rows = await sql.query<{ is_new: boolean; is_reachable: boolean }>(insertStatement, [
    messages.map(({ id }) => id),
    drafts.map(({ recipientId }) => recipientId),
    drafts.map(({ kind }) => kind),
    drafts.map(({ orderId }) => orderId),
    drafts.map(({ orderVersion }) => orderVersion),
    drafts.map(({ isOver }) => isOver),
    drafts.map(({ subject }) => subject),
    drafts.map(({ facts }) => JSON.stringify(facts)),
    messages.map(({ sealed }) => sealed),
    messages.map(({ correlationId }) => correlationId),
  ])
  return rows.map(({ is_new, is_reachable }) => ({ isNew: is_new, isReachable: is_reachable }))
}

const insertStatement = statement(
  'message-insert',
  `with asked as (
     select a.*, c.user_id is not null as is_reachable
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::boolean[], $7::text[],
       $8::text[], $9::text[], $10::text[]) with ordinality
       as a (id, recipient_id, kind, order_id, order_version, is_over, subject, facts, sealed,
         correlation_id, place)
     left join contacts c on c.user_id = a.recipient_id
   ), kept as (
     insert into messages (id, recipient_id, kind, order_id, order_version, is_over, subject, facts,
       sealed, correlation_id, due_at)
     select a.id, a.recipient_id, a.kind, a.order_id, a.order_version, a.is_over, a.subject,
       a.facts::jsonb, a.sealed, a.correlation_id,
       case when a.is_reachable then now() else now() + interval '10 min' end
     from asked a
       -- a probe an order: as "exists" it may become one read of all orders that were ever over
       left join lateral (
         select true as is_over from messages m
         where a.kind = 'tickets' and m.order_id = a.order_id and m.is_over limit 1) before on true
     where before.is_over is null
     on conflict (order_id, kind, order_version) do nothing
     returning id
   ), dropped as (
     update messages m set status = 'FAILED', reason = 'order-over', sealed = null
     where m.order_id = any(array(select order_id from asked where is_over)) and m.kind = 'tickets'
       -- said as QUEUED, it may be looked for in the index of all that waits
       and m.status not in ('SENT', 'FAILED')
   )
   select a.id = any(array(select id from kept)) as is_new, a.is_reachable
   from asked a order by a.place`,
)

/** Queues a message about an account; false where it is there already. Its id is that of what it tells of. */
export async function insertAccountMessage(
  sql: Sql,
  message: {
    id: string
    recipientId: string
    kind: string
    subject: string
    correlationId: string
  },
): Promise<boolean> {
  const { id, recipientId, kind, subject, correlationId } = message
  const values = [id, recipientId, kind, subject, correlationId]
  return (await sql.query(insertAccountStatement, values)).length > 0
}

const insertAccountStatement = statement(
  'message-insert-account',
  `insert into messages (id, recipient_id, kind, is_over, subject, facts, correlation_id)
   select $1, $2, $3, false, $4, '{}', $5
   where not exists (select from contacts where user_id = $2 and sealed is null)
   on conflict (id) do nothing returning 1`,
)

export type MessageRow = {
  id: string
  kind: string
  subject: string
  order_id: string | null
  status: string
  created_at: Date
  sent_at: Date | null
}

export type MessageFilter = {
  recipientId: string
  orderId?: string | undefined
  page: number
  size: number
}

/** One page of a user's messages, newest first, and how many match, in one statement. */
export async function listMessages(sql: Sql, filter: MessageFilter) {
  const { recipientId, orderId = null, page, size } = filter
  const rows = await sql.query<Counted>(listStatement, [
    recipientId,
    orderId,
    size,
    (page - 1) * size,
  ])
  return {
    rows: rows.filter((row): row is MessageRow & { total: string } => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  }
}

/** A page past the end still has one row, for the count. */
type Counted = (MessageRow | { id: null }) & { total: string }

const listStatement = statement(
  'messages-list',
  `with matching as (
     select id, kind, subject, order_id, status, created_at, sent_at from messages m
     where m.recipient_id = $1 and ($2::uuid is null or m.order_id = $2)
   ), page as (
     select * from matching order by created_at desc, id desc limit $3 offset $4
   )
   select c.total, p.* from (select count(*) as total from matching) c left join page p on true
   order by p.created_at desc, p.id desc`,
)
