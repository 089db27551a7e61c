import { statement, type Sql } from '../_runtime/database.ts'

export type ExportedOrder = {
  id: string
  externalId: string | null
  /** As it came, while nothing has changed since. */
  row: Record<string, string> | null
  buyerId: string
  eventId: string
  status: string
  paymentStatus: string | null
  totalMinor: string
  refundedMinor: string
  createdAt: Date
  lines: { seatId: string; priceMinor: number; isRefunded: boolean }[]
}

const pageRows = 2000

/** Orders with their lines, a page in the order of ids. */
export const readOrders = (sql: Sql, after: string | null): Promise<ExportedOrder[]> =>
  sql.query<ExportedOrder>(readStatement, [after, pageRows])

const readStatement = statement(
  'export-orders',
  `select o.id, o.external_id as "externalId",
     case when (o.imported ->> 'version')::int = o.version then o.imported -> 'row' end as row,
     o.buyer_id as "buyerId", o.event_id as "eventId", o.status,
     o.payment_status as "paymentStatus", o.total_minor as "totalMinor",
     o.refunded_minor as "refundedMinor", o.created_at as "createdAt",
     array(
       select jsonb_build_object('seatId', l.seat_id, 'priceMinor', l.price_minor,
         'isRefunded', l.is_refunded)
       from order_lines l where l.order_id = o.id order by l.place
     ) as lines
   from orders o where $1::uuid is null or o.id > $1 order by o.id limit $2`,
)
