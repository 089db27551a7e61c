import { statement, type Sql } from '../../_runtime/database.ts'
import { nobody } from '../../_runtime/personal-data.ts'

export const shownKinds = {
  tickets: statement(
    'personal-tickets',
    `select t.id, t.order_id as "orderId", t.event_id as "eventId",
       coalesce(e.title, o.event_title, '') as "eventTitle", t.label, t.status,
       t.issued_at as "issuedAt", t.imported
     from tickets t left join events e on e.id = t.event_id
       left join ticket_orders o on o.order_id = t.order_id
     where t.holder_id = $1 order by t.issued_at desc, t.id limit $2`,
  ),
}

/**
 * Takes the holder out of up to `limit` of his tickets and of what the outbox told of their orders; gives how
 * many. A ticket lets in whoever has its code, as before.
 */
export async function forgetHolder(sql: Sql, userId: string, limit: number): Promise<number> {
  const [row] = await sql.query<{ count: number }>(forgetStatement, [userId, limit])
  return row?.count ?? 0
}

const forgetStatement = statement(
  'personal-forget',
  `with his as (
     select id, order_id from tickets where holder_id = $1 limit $2 for update
   ), forgotten as (
     update tickets t set holder_id = '${nobody}' from his where t.id = his.id returning t.id
   ), told as (
     update outbox set payload = payload || '{"holderId": "${nobody}"}'
     where id in (select o.issued_id from ticket_orders o join his on his.order_id = o.order_id)
   )
   select count(*)::int as count from forgotten`,
)
