import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Layout } from '../../contracts/layouts.ts'

const VenueSchema = defineEntity({
  name: 'Venue',
  tableName: 'venues',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    city: p.text(),
    capacity: p.integer(),
    layout: p.json<Layout>(),
    layoutVersion: p.integer().default(1),
    organizerId: p.uuid().nullable(),
    externalId: p.text().nullable(),
    imported: p
      .json<{ row: Record<string, string>; flags: string[]; version: number }>()
      .nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    version: p.integer().default(1),
  },
})

/** A place with its seats. `layout` is for events published from now on; each event keeps its own. */
export class Venue extends VenueSchema.class {}

VenueSchema.setClass(Venue)
