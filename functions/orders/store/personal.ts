import type { OpenMatter } from '../../../contracts/personal-data.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { nobody } from '../../_runtime/personal-data.ts'

/** Money or seats still move, or the tickets are not with their buyer yet. */
const isOpen = `(o.status in ('PENDING', 'HELD', 'PAID', 'REFUNDING')
  or (o.status = 'CONFIRMED' and o.tickets_issued_at is null and not o.is_imported))`

export const shownKinds = {
  orders: statement(
    'personal-orders',
    `select o.id, o.event_id as "eventId", o.event_title as "eventTitle", o.status, o.reason, o.currency,
       o.total_minor::float8 as "totalMinor", o.refunded_minor::float8 as "refundedMinor",
       o.created_at as "createdAt", o.confirmed_at as "confirmedAt", o.imported,
       array(select jsonb_build_object('seatId', l.seat_id, 'label', l.label,
         'priceMinor', l.price_minor, 'refunded', l.is_refunded)
         from order_lines l where l.order_id = o.id order by l.place) as lines
     from orders o where o.buyer_id = $1 order by o.created_at desc, o.id limit $2`,
  ),
  // Who the admin was is the admin's.
  acts: statement(
    'personal-acts',
    `select a.at, a.act, a.subject as "orderId", a.before, a.after, a.reason
     from orders o join audit_log a on a.subject = o.id::text
     where o.buyer_id = $1 order by a.at desc, a.id limit $2`,
  ),
}

export const findOpen = (sql: Sql, userId: string): Promise<OpenMatter[]> =>
  sql.query<OpenMatter>(openStatement, [userId])

const openStatement = statement(
  'personal-open',
  `select 'order' as what, o.id from orders o where o.buyer_id = $1 and ${isOpen}
   order by o.created_at limit 100`,
)

/**
 * Takes the person out of up to `limit` of his orders that are over, out of the keys that he sent with them, and
 * out of what the outbox told of them; gives how many. Lines, sums and states stay as they are.
 */
export async function forgetOrders(sql: Sql, userId: string, limit: number): Promise<number> {
  const [row] = await sql.query<{ count: number }>(forgetStatement, [userId, limit])
  return row?.count ?? 0
}

// The key of a kept answer could be anything that his program had; the order's id is as good a name for it.
const forgetStatement = statement(
  'personal-forget',
  `with his as (
     select o.id from orders o where o.buyer_id = $1 and not ${isOpen} limit $2 for update
   ), forgotten as (
     update orders o set buyer_id = '${nobody}', means = null, choice = null, next_action_url = null
     from his where o.id = his.id returning o.id, o.confirmed_outbox_id
   ), answers as (
     update kept_answers k set caller_id = '${nobody}', key = k.order_id::text
     from his where k.order_id = his.id
   ), told as (
     update outbox t set payload = case when t.payload ? 'payerId'
       then jsonb_set(t.payload, '{means,token}', '"erased"') || '{"payerId": "${nobody}"}'
       else t.payload || '{"buyerId": "${nobody}"}' end
     where t.payload ?| '{buyerId,payerId}'
       and (t.id in (select confirmed_outbox_id from forgotten)
         or (t.aggregateid in (select id::text from his)
           and t.type <> 'dev.boxoffice.order.confirmed.v1'))
   )
   select count(*)::int as count from forgotten`,
)

export const forgetOrganizer = (sql: Sql, userId: string) => sql.query(organizerStatement, [userId])

const organizerStatement = statement(
  'personal-forget-organizer',
  'update events set organizer_id = null where organizer_id = $1',
)
