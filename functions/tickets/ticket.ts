import { defineEntity, p } from '@mikro-orm/postgresql'

const TicketSchema = defineEntity({
  name: 'Ticket',
  tableName: 'tickets',
  properties: {
    id: p.uuid().primary(),
    orderId: p.uuid(),
    eventId: p.uuid(),
    seatId: p.uuid(),
    holderId: p.uuid(),
    label: p.text(),
    status: p.text().default('ACTIVE'),
    isImported: p.boolean().default(false),
    externalId: p.bigint('number').nullable(),
    imported: p
      .json<{ row: Record<string, string>; flags: string[]; version: number }>()
      .nullable(),
    issuedAt: p.datetime().defaultRaw('now()'),
    version: p.integer().default(1),
  },
})

/** The right to one seat. Its id is made from order and seat, so issuing again meets the same ticket. */
export class Ticket extends TicketSchema.class {}

TicketSchema.setClass(Ticket)

const TicketOrderSchema = defineEntity({
  name: 'TicketOrder',
  tableName: 'ticket_orders',
  properties: {
    orderId: p.uuid().primary(),
    version: p.integer(),
    status: p.text(),
    eventTitle: p.text(),
    issuedId: p.uuid().nullable(),
  },
})

/** The newest that is known of an order, and the outbox row that tells of its tickets once they are issued. */
export class TicketOrder extends TicketOrderSchema.class {}

TicketOrderSchema.setClass(TicketOrder)
