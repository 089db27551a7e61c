import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Layout } from '../../contracts/layouts.ts'
import { Venue } from './venue.ts'

const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    title: p.text(),
    type: p.text(),
    description: p.text().default(''),
    venueId: () => p.manyToOne(Venue).mapToPk().joinColumn('venue_id'),
    venueName: p.text(),
    city: p.text(),
    organizerId: p.uuid().nullable(),
    status: p.text().default('DRAFT'),
    isStatusPinned: p.boolean().default(false),
    startsAt: p.datetime(),
    endsAt: p.datetime(),
    onSaleAt: p.datetime().nullable(),
    currency: p.character().length(3),
    prices: p.json<Record<string, number>>(),
    seatsPerBuyerMax: p.integer().nullable(),
    layout: p.json<Layout>().nullable(),
    layoutVersion: p.integer().nullable(),
    seatsGenerated: p.integer().nullable(),
    isSoldOut: p.boolean().default(false),
    availabilityVersion: p.integer().default(0),
    externalId: p.text().nullable(),
    imported: p
      .json<{ row: Record<string, string>; flags: string[]; version: number }>()
      .nullable(),
    shiftSeconds: p.bigint('number').default(0),
    createdAt: p.datetime().defaultRaw('now()'),
    version: p.integer().default(1),
  },
})

/** A show as its organizer planned it. `status` is what was decided; what everybody sees also depends on the time. */
export class Event extends EventSchema.class {}

EventSchema.setClass(Event)
