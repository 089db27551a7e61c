import type { Draft } from '../drafts.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

/** A draft with all that makes it a row. */
export type NewMessage = {
  id: string
  draft: Draft
  sealed: string | null
  correlationId: string
}

/**
 * Queues a message; false where it is there already. Who is told of an order's end gets no tickets for it any
 * more: neither those that still wait nor those that are told of later.
 */
export async function insertMessage(sql: Sql, message: NewMessage): Promise<boolean> {
  const { id, draft, sealed, correlationId } = message
  const rows = await sql.query(insertStatement, [
    id,
    draft.recipientId,
    draft.kind,
    draft.orderId,
    draft.orderVersion,
    draft.isOver,
    draft.subject,
    JSON.stringify(draft.facts),
    sealed,
    correlationId,
  ])
  return rows.length > 0
}

const insertStatement = statement(
  'message-insert',
  `with kept as (
     insert into messages (id, recipient_id, kind, order_id, order_version, is_over, subject, facts,
       sealed, correlation_id)
     select $1::uuid, $2::uuid, $3::text, $4::uuid, $5::int, $6::boolean, $7::text, $8::jsonb,
       $9::text, $10::text
     where not ($3 = 'tickets'
       and exists (select from messages m where m.order_id = $4 and m.is_over))
     on conflict (order_id, kind, order_version) do nothing
     returning 1
   ), dropped as (
     update messages m set status = 'FAILED', reason = 'order-over', sealed = null
     where $6 and m.order_id = $4 and m.kind = 'tickets' and m.status = 'QUEUED'
   )
   select 1 from kept`,
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
