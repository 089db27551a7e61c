import { statement, type Sql } from '../../_runtime/database.ts'

export type SeatCount = { eventId: string; version: number; total: number }

/**
 * Keeps what seating says of an event's seats unless something newer is known. A sale, or its end, is what an
 * imported status stands until; after it the status is worked out as any other.
 */
export const keepAvailability = (sql: Sql, count: SeatCount, isSoldOut: boolean, isSale: boolean) =>
  sql.query(availabilityStatement, [count.eventId, count.version, count.total, isSoldOut, isSale])

const availabilityStatement = statement(
  'event-availability',
  `update events set seats_generated = $3, is_sold_out = $4, availability_version = $2,
     is_status_pinned = is_status_pinned and not $5,
     status = case when $5 and status in ('SOLD_OUT', 'COMPLETED') then 'ON_SALE' else status end,
     version = version + 1
   where id = $1 and availability_version < $2`,
)
