import { defineEntity, p } from '@mikro-orm/postgresql'

const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    organizerId: p.uuid().nullable(),
    status: p.text(),
    onSaleAt: p.datetime().nullable(),
    endsAt: p.datetime(),
    version: p.integer(),
  },
})

/** What the waiting room keeps of an event: whose it is, when its sale opens, and when it is over. */
export class Event extends EventSchema.class {}

EventSchema.setClass(Event)
