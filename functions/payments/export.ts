import { statement, type Sql } from '../_runtime/database.ts'

export type ExportedPayment = {
  id: string
  externalId: string | null
  /** As it came, while nothing has changed since. */
  row: Record<string, string> | null
  orderId: string
  amountMinor: string
  refundedMinor: string
  method: string | null
  status: string
  reference: string | null
  createdAt: Date
}

const pageRows = 2000

/** Payments that were really asked for, a page in the order of ids; not those that only stand for a void. */
export const readPayments = (sql: Sql, after: string | null): Promise<ExportedPayment[]> =>
  sql.query<ExportedPayment>(readStatement, [after, pageRows])

const readStatement = statement(
  'export-payments',
  `select id, external_id as "externalId",
     case when (imported ->> 'version')::int = version then imported -> 'row' end as row,
     order_id as "orderId", amount_minor as "amountMinor", refunded_minor as "refundedMinor", method,
     status, provider_reference as reference, created_at as "createdAt"
   from payments
   where amount_minor is not null and ($1::uuid is null or id > $1) order by id limit $2`,
)
