import { Event } from './event.ts'
import { Ticket, TicketOrder } from './ticket.ts'

export const entities = [Event, Ticket, TicketOrder]
