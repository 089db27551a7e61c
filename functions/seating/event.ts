import { defineEntity, p } from '@mikro-orm/postgresql'

const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    status: p.text(),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    onSaleAt: p.datetime().nullable(),
    currency: p.character().length(3),
    priceFactor: p.decimal('number').precision(8).scale(4).default(1),
    layoutVersion: p.integer(),
    version: p.integer(),
    seatsTotal: p.integer().nullable(),
    seatsPerBuyerMax: p.integer().nullable(),
    isSoldOut: p.boolean().nullable(),
    availabilityVersion: p.integer().default(0),
  },
})

/** What seating keeps of an event: whether, and until when, its seats may be had. */
export class Event extends EventSchema.class {}

EventSchema.setClass(Event)
