import { statement, type Sql } from '../_runtime/database.ts'

export type ExportedTicket = {
  id: string
  externalId: string
  /** As it came. */
  row: Record<string, string>
  isUnchanged: boolean
  orderId: string
  eventId: string
  seatId: string
}

const pageRows = 5000

/** Imported tickets, a page in the order of ids. Those that were issued here follow from their orders' lines. */
export const readImportedTickets = (sql: Sql, after: string | null): Promise<ExportedTicket[]> =>
  sql.query<ExportedTicket>(readStatement, [after, pageRows])

const readStatement = statement(
  'export-tickets',
  `select id, external_id::text as "externalId", imported -> 'row' as row,
     (imported ->> 'version')::int = version as "isUnchanged", order_id as "orderId",
     event_id as "eventId", seat_id as "seatId"
   from tickets where is_imported and ($1::uuid is null or id > $1) order by id limit $2`,
)
