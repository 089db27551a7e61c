import { statement, type Sql } from '../../_runtime/database.ts'
import type { Order } from '../order.ts'
import { columns, toOrder, type Row } from './orders.ts'

/**
 * Takes over orders whose time has come, for `leaseSeconds`: those that a crash or an unknown answer left
 * standing. Several instances share the work.
 */
export async function claimDue(sql: Sql, limit: number, leaseSeconds: number): Promise<Order[]> {
  const rows = await sql.query<Row>(claimStatement, [limit, leaseSeconds])
  return rows.map(toOrder)
}

const claimStatement = statement(
  'orders-claim',
  `with due as (
     select id from orders where due_at <= now() and not is_imported
     order by due_at limit $1 for update skip locked
   ), o as (
     update orders set due_at = now() + make_interval(secs => $2), version = version + 1
     from due where orders.id = due.id returning orders.*
   )
   select ${columns} from o`,
)

/** Takes over one order that is not settled, if nobody works on it at the moment. */
export async function claimOrder(
  sql: Sql,
  id: string,
  leaseSeconds: number,
): Promise<Order | undefined> {
  const [row] = await sql.query<Row>(claimOneStatement, [id, leaseSeconds])
  return row && toOrder(row)
}

const claimOneStatement = statement(
  'order-claim',
  `with o as (
     update orders set due_at = now() + make_interval(secs => $2), version = version + 1
     where id = $1 and (due_at is null or due_at <= now()) and status in ('PENDING', 'HELD', 'PAID')
       and not is_imported
     returning orders.*
   )
   select ${columns} from o`,
)

/** Notes when an order's hold ends now, and looks after the order a moment later. */
export async function keepHold(sql: Sql, id: string, expiresAt: Date): Promise<void> {
  await sql.query(keepHoldStatement, [id, expiresAt])
}

const keepHoldStatement = statement(
  'order-hold-keep',
  `update orders set hold_expires_at = $2, due_at = greatest($2, now()) + interval '60 s', version = version + 1
   where id = $1 and status = 'HELD'`,
)
