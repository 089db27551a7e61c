import { defineEntity, p } from '@mikro-orm/postgresql'

const SeatSchema = defineEntity({
  name: 'Seat',
  tableName: 'seats',
  properties: {
    id: p.uuid().primary(),
    eventId: p.uuid(),
    ordinal: p.integer(),
    label: p.text(),
    section: p.text(),
    row: p.text().nullable(),
    number: p.integer().nullable(),
    priceMinor: p.bigint('number'),
    status: p.text().default('AVAILABLE'),
    holdId: p.uuid().nullable(),
    heldUntil: p.datetime().nullable(),
    changedAt: p.datetime().defaultRaw('now()'),
    version: p.integer().default(0),
    imported: p
      .json<{ row: Record<string, string>; flags: string[]; version: number }>()
      .nullable(),
  },
  uniques: [
    { name: 'seats_place', properties: ['eventId', 'ordinal'] },
    { name: 'seats_label', properties: ['eventId', 'label'] },
  ],
})

/** A place in an event that one buyer can have. `ordinal` is its rank in the layout, best first. */
export class Seat extends SeatSchema.class {}

SeatSchema.setClass(Seat)
