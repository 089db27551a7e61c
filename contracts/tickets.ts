import * as z from 'zod'
import { ById, Id, Page, paged, Time } from './primitives.ts'
import { route } from './route.ts'

export const ticketStatuses = ['ACTIVE', 'USED', 'CANCELLED'] as const
export const TicketStatus = z.enum(ticketStatuses)

export const Ticket = z
  .object({
    id: Id,
    orderId: Id,
    eventId: Id,
    seatId: Id,
    label: z.string(),
    status: TicketStatus,
    eventTitle: z.string(),
    venueName: z.string(),
    city: z.string(),
    startsAt: Time.nullable(),
    code: z.string().meta({ description: 'What the QR code says; whoever has it gets in' }),
    issuedAt: Time,
  })
  .meta({ id: 'Ticket' })
export type Ticket = z.infer<typeof Ticket>

export const listTickets = route({
  method: 'GET',
  path: '/v1/tickets',
  owner: 'tickets',
  summary: "The signed-in user's tickets, newest first",
  access: 'signed-in',
  data: 'own',
  query: z.strictObject({
    orderId: Id.optional(),
    eventId: Id.optional(),
    status: TicketStatus.optional(),
    ...Page,
  }),
  answers: { 200: paged(Ticket) },
})

export const ticketPicture = route({
  method: 'GET',
  path: '/v1/tickets/:file{.+\\.png}',
  owner: 'tickets',
  summary: "A ticket's QR code as a PNG picture",
  access: 'signed-in',
  data: 'own-or-admin',
  params: z.strictObject({
    file: z.string().regex(/^[0-9a-f-]{36}\.png$/, 'must be a ticket id and .png'),
  }),
  answers: { 200: 'image/png' },
  problems: ['not-found'],
})

export const getTicket = route({
  method: 'GET',
  path: '/v1/tickets/:id',
  owner: 'tickets',
  summary: 'One ticket, for its holder and for admins',
  access: 'signed-in',
  data: 'own-or-admin',
  params: ById,
  answers: { 200: Ticket },
  problems: ['not-found'],
})
