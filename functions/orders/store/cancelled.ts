import { statement, type Sql } from '../../_runtime/database.ts'
import type { Order } from '../order.ts'
import { columns, toOrder, type Row } from './orders.ts'

/** Confirmed orders of events that were cancelled. */
export const findCancelled = (sql: Sql, limit: number) =>
  sql.query<{ id: string }>(cancelledStatement, [limit])

const cancelledStatement = statement(
  'orders-of-cancelled',
  `select o.id from orders o join events e on e.id = o.event_id
   where e.status = 'CANCELLED' and o.status = 'CONFIRMED' and not o.is_imported
     and not exists (select from refunds r where r.order_id = o.id and r.status = 'PENDING')
   limit $1`,
)

/** Orders of events that were cancelled with which nobody but their buyer could go on. */
export async function findWaiting(sql: Sql, limit: number): Promise<Order[]> {
  const rows = await sql.query<Row>(waitingStatement, [limit])
  return rows.map(toOrder)
}

/** As `waitsForBuyer` says it. */
const waitingStatement = statement(
  'orders-waiting-of-cancelled',
  `select ${columns} from orders o join events e on e.id = o.event_id
   where e.status = 'CANCELLED' and o.status = 'HELD' and o.closing is null and o.due_at is not null
     and (o.means is null or o.payment_status = 'PENDING') and not o.is_imported
   limit $1`,
)
