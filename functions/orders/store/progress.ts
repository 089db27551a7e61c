import type { EventStatus } from '../../../contracts/catalog.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

export type ProgressRow = {
  status: EventStatus
  currency: string
  organizer_id: string | null
  open: number
  confirmed: number
  confirmed_minor: string
  asked: number
  asked_minor: string
  unanswered: number
  unanswered_minor: string
  back: number
  back_minor: string
}

/** How far the refunds of an event are; undefined for an event that is not known. Reads no order that is over. */
export async function readProgress(sql: Sql, eventId: string): Promise<ProgressRow | undefined> {
  const [row] = await sql.query<ProgressRow>(progressStatement, [eventId])
  return row
}

const progressStatement = statement(
  'refund-progress',
  `select e.status, e.currency, e.organizer_id, opened.open, c.confirmed,
     c.confirmed_minor - p.of_confirmed_minor as confirmed_minor, p.asked, p.asked_minor, p.unanswered,
     p.unanswered_minor, g.back, g.back_minor + c.back_minor as back_minor
   from events e, lateral (
     select count(*)::int as open from orders o
     where o.event_id = e.id and o.due_at is not null and o.status in ('PENDING', 'HELD', 'PAID')
   ) opened, lateral (
     select count(*)::int as confirmed, coalesce(sum(o.total_minor - o.refunded_minor), 0) as confirmed_minor,
       coalesce(sum(o.refunded_minor), 0) as back_minor
     from orders o where o.event_id = e.id and o.status = 'CONFIRMED' and not o.is_imported
   ) c, lateral (
     select (count(*) filter (where r.attempts = 0))::int as asked,
       coalesce(sum(r.amount_minor) filter (where r.attempts = 0), 0) as asked_minor,
       (count(*) filter (where r.attempts > 0))::int as unanswered,
       coalesce(sum(r.amount_minor) filter (where r.attempts > 0), 0) as unanswered_minor,
       coalesce(sum(r.amount_minor) filter (where o.status = 'CONFIRMED'), 0) as of_confirmed_minor
     from refunds r join orders o on o.id = r.order_id
     where r.status = 'PENDING' and o.event_id = e.id
   ) p, lateral (
     select (count(*) filter (where o.status = 'REFUNDED'))::int as back,
       coalesce(sum(o.refunded_minor), 0) as back_minor
     from orders o
     where o.event_id = e.id and o.status in ('REFUNDING', 'REFUNDED') and not o.is_imported
   ) g
   where e.id = $1`,
)
