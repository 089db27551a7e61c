import { defineEntity, p } from '@mikro-orm/postgresql'

const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    title: p.text(),
    venueName: p.text(),
    city: p.text(),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    version: p.integer(),
  },
})

/** What a ticket says of its event, as catalog last told it. */
export class Event extends EventSchema.class {}

EventSchema.setClass(Event)
