import { defineEntity, p } from '@mikro-orm/postgresql'

const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    title: p.text(),
    status: p.text(),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    onSaleAt: p.datetime().nullable(),
    currency: p.character().length(3),
    organizerId: p.uuid().nullable(),
    version: p.integer(),
  },
})

/** What orders keeps of an event: its title and whether its sale is open. */
export class Event extends EventSchema.class {}

EventSchema.setClass(Event)
