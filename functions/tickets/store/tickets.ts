import { statement, type Sql } from '../../_runtime/database.ts'

export type TicketRow = {
  id: string
  order_id: string
  event_id: string
  seat_id: string
  holder_id: string
  label: string
  status: string
  issued_at: Date
  event_title: string
  venue_name: string
  city: string
  starts_at: Date | null
}

/** What catalog says of the event comes first; before it is known, the title that the order was sold with. */
const eventColumns = `
  coalesce(e.title, o.event_title, '') as event_title, coalesce(e.venue_name, '') as venue_name,
  coalesce(e.city, '') as city, e.starts_at`

const eventJoins = `
  left join events e on e.id = t.event_id
  left join ticket_orders o on o.order_id = t.order_id`

export async function findTicket(sql: Sql, id: string): Promise<TicketRow | undefined> {
  const [row] = await sql.query<TicketRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'ticket-find',
  `select t.id, t.order_id, t.event_id, t.seat_id, t.holder_id, t.label, t.status, t.issued_at,
     ${eventColumns}
   from tickets t ${eventJoins} where t.id = $1`,
)

export type TicketFilter = {
  holderId: string
  orderId?: string | undefined
  eventId?: string | undefined
  status?: string | undefined
  page: number
  size: number
}

/** One page of a holder's tickets, newest first, and how many match, in one statement. */
export async function listTickets(sql: Sql, filter: TicketFilter) {
  const { holderId, orderId = null, eventId = null, status = null, page, size } = filter
  const values = [holderId, orderId, eventId, status, size, (page - 1) * size]
  const rows = await sql.query<Counted>(listStatement, values)
  return {
    rows: rows.filter((row): row is TicketRow & { total: string } => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  }
}

/** A page past the end still has one row, for the count. */
type Counted = (TicketRow | { id: null }) & { total: string }

const newestFirst = 't.issued_at desc, t.label, t.id'

const listStatement = statement(
  'tickets-list',
  `with matching as (
     select * from tickets t
     where t.holder_id = $1 and ($2::uuid is null or t.order_id = $2)
       and ($3::uuid is null or t.event_id = $3) and ($4::text is null or t.status = $4)
   ), page as (
     select * from matching t order by ${newestFirst} limit $5 offset $6
   )
   select c.total, t.id, t.order_id, t.event_id, t.seat_id, t.holder_id, t.label, t.status,
     t.issued_at, ${eventColumns}
   from (select count(*) as total from matching) c left join page t on true ${eventJoins}
   order by ${newestFirst}`,
)
