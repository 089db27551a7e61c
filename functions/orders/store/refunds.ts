import type { OutboxRow } from '../../_runtime/broker.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { outboxColumns, outboxInsert } from '../../_runtime/outbox.ts'

export type Refund = {
  id: string
  order_id: string
  places: number[]
  amount_minor: string
  status: 'PENDING' | 'DONE'
}

export type NewRefund = {
  id: string
  orderId: string
  /** The version that the amount was worked out from. */
  version: number
  places: number[]
  amountMinor: number
  /** True where no line stays. */
  isWhole: boolean
  /** Why, where it was not the buyer who asked. */
  reason: string | null
}

/**
 * Writes a refund before its money is asked back; false where the order has moved since. A whole refund puts
 * the order into REFUNDING. Two refunds of one order follow each other: the second finds another version.
 */
export async function beginRefund(sql: Sql, refund: NewRefund): Promise<boolean> {
  const rows = await sql.query(beginStatement, [
    refund.id,
    refund.orderId,
    refund.version,
    refund.places,
    refund.amountMinor,
    refund.isWhole,
    refund.reason,
  ])
  return rows.length === 1
}

const beginStatement = statement(
  'refund-begin',
  `with moved as (
     update orders o set status = case when $6 then 'REFUNDING' else o.status end, version = o.version + 1,
       reason = coalesce($7, o.reason), due_at = case when $6 then null else o.due_at end
     where o.id = $2 and o.version = $3 and o.status = 'CONFIRMED' and not o.is_imported
       and not exists (select from refunds r where r.order_id = o.id and r.status = 'PENDING')
     returning o.id
   )
   insert into refunds (id, order_id, places, amount_minor, due_at)
   select $1, id, $4::int[], $5, now() + interval '30 s' from moved
   on conflict (id) do nothing returning id`,
)

/** Marks a refund as done, its lines as refunded, and the order with them; false where it was done before. */
export async function finishRefund(
  sql: Sql,
  refundId: string,
  paymentStatus: string,
  told: OutboxRow,
): Promise<boolean> {
  const rows = await sql.query(finishStatement, [refundId, paymentStatus, ...outboxColumns([told])])
  return rows.length === 1
}

const finishStatement = statement(
  'refund-finish',
  `with done as (
     update refunds set status = 'DONE' where id = $1 and status = 'PENDING'
     returning order_id, places, amount_minor
   ), ended as (
     update order_lines l set is_refunded = true from done d
     where l.order_id = d.order_id and l.place = any(d.places)
   ), changed as (
     update orders o set refunded_minor = o.refunded_minor + d.amount_minor, payment_status = $2,
       status = case when o.status = 'REFUNDING' then 'REFUNDED' else o.status end, version = o.version + 1
     from done d where o.id = d.order_id returning o.id
   ), ${outboxInsert(3, 'where o.aggregateid::uuid in (select id from changed)')}
   select id from changed`,
)

/** Takes over refunds that were begun and not ended, each asked again after a twentieth of its age. */
export const claimRefunds = (sql: Sql, limit: number): Promise<Refund[]> =>
  sql.query<Refund>(claimStatement, [limit])

const claimStatement = statement(
  'refunds-claim',
  `with due as (
     select id from refunds where status = 'PENDING' and due_at <= now()
     order by due_at limit $1 for update skip locked
   )
   update refunds r set attempts = attempts + 1,
     due_at = now() + least(interval '10 min', greatest(interval '10 s', (now() - r.created_at) / 20))
   from due where r.id = due.id
   returning r.id, r.order_id, r.places, r.amount_minor, r.status`,
)

export async function findPending(sql: Sql, orderId: string): Promise<Refund | undefined> {
  const [row] = await sql.query<Refund>(pendingStatement, [orderId])
  return row
}

const pendingStatement = statement(
  'refund-pending',
  `select id, order_id, places, amount_minor, status from refunds where order_id = $1 and status = 'PENDING'`,
)
