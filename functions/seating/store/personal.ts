import type { OpenMatter } from '../../../contracts/personal-data.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { nobody } from '../../_runtime/personal-data.ts'

const isOpen = `(h.status = 'ACTIVE' and h.expires_at > now())`

export const shownKinds = {
  holds: statement(
    'personal-holds',
    `select h.id, h.event_id as "eventId", h.order_id as "orderId", h.status, h.expires_at as "expiresAt",
       h.created_at as "createdAt",
       array(select s.label from seats s where s.id = any(h.seat_ids) order by s.ordinal) as seats
     from holds h where h.buyer_id = $1 order by h.created_at desc, h.id limit $2`,
  ),
}

export const findOpen = (sql: Sql, userId: string): Promise<OpenMatter[]> =>
  sql.query<OpenMatter>(openStatement, [userId])

const openStatement = statement(
  'personal-open',
  `select 'hold' as what, h.id from holds h where h.buyer_id = $1 and ${isOpen}
   order by h.created_at limit 100`,
)

/**
 * Takes the buyer out of up to `limit` holds that are over, and deletes what was counted for him; gives how many.
 * Whose seats are is said by allocations, which name orders only.
 */
export async function forgetBuyer(sql: Sql, userId: string, limit: number): Promise<number> {
  const [row] = await sql.query<{ count: number }>(forgetStatement, [userId, limit])
  return row?.count ?? 0
}

const forgetStatement = statement(
  'personal-forget',
  `with his as (
     select h.id, h.event_id from holds h where h.buyer_id = $1 and not ${isOpen} limit $2 for update
   ), forgotten as (
     update holds h set buyer_id = '${nobody}' from his where h.id = his.id returning h.id
   ), counted as (
     delete from buyers b where b.buyer_id = $1 and b.event_id in (select event_id from his)
   )
   select count(*)::int as count from forgotten`,
)
