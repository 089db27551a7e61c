import { TicketStatus, type Ticket } from '../../contracts/tickets.ts'
import { codeOf } from './codes.ts'
import type { TicketRow } from './store/tickets.ts'

/** A ticket as the contract shows it. Title, venue and time are those of today, not of the day of the sale. */
export const presentTicket = (row: TicketRow, ticketKey: string): Ticket => ({
  id: row.id,
  orderId: row.order_id,
  eventId: row.event_id,
  seatId: row.seat_id,
  label: row.label,
  status: TicketStatus.parse(row.status),
  eventTitle: row.event_title,
  venueName: row.venue_name,
  city: row.city,
  startsAt: row.starts_at?.toISOString() ?? null,
  code: codeOf(ticketKey, row.id),
  issuedAt: row.issued_at.toISOString(),
})
