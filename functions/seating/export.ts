import { statement, type Sql } from '../_runtime/database.ts'

export type ExportedSeat = {
  id: string
  externalId: string | null
  /** As it came, while nothing has changed since. */
  row: Record<string, string> | null
  eventId: string
  ordinal: number
  section: string
  rowName: string
  number: number
  priceMinor: string
}

const pageRows = 5000

/** Seats, a page in the order of ids. Standing room has no row. */
export const readSeats = (sql: Sql, after: string | null): Promise<ExportedSeat[]> =>
  sql.query<ExportedSeat>(readStatement, [after, pageRows])

const readStatement = statement(
  'export-seats',
  `select id, imported -> 'row' ->> 'seat_id' as "externalId",
     case when (imported ->> 'version')::int = version then imported -> 'row' end as row,
     event_id as "eventId", ordinal, section, coalesce("row", '0') as "rowName",
     coalesce(number, 0) as number, price_minor as "priceMinor"
   from seats where $1::uuid is null or id > $1 order by id limit $2`,
)
