import * as z from 'zod'
import { AmountMinor, ById, Currency, Id, Line, Page, paged, Time, Version } from './primitives.ts'
import { route } from './route.ts'
import { LabelPart, Layout } from './layouts.ts'

export const Venue = z
  .object({
    id: Id,
    name: z.string(),
    city: z.string(),
    capacity: z.int(),
    layout: Layout,
    layoutVersion: Version,
    organizerId: Id.nullable(),
    createdAt: Time,
    version: Version,
  })
  .meta({ id: 'Venue' })
export type Venue = z.infer<typeof Venue>

export const VenueSummary = Venue.omit({ layout: true }).meta({ id: 'VenueSummary' })

const NewVenue = z.strictObject({ name: Line(160), city: Line(80), layout: Layout })
const venueBytesMax = 1024 * 1024
const ifMatch = z.object({ 'if-match': z.string().optional() })
const sellers = { roles: ['organizer', 'admin'] } as const

export const listVenues = route({
  method: 'GET',
  path: '/v1/venues',
  owner: 'catalog',
  summary: 'Venues, by name, without their layouts',
  access: 'anyone',
  data: 'public',
  query: z.strictObject({ city: Line(80).optional(), q: Line(160).optional(), ...Page }),
  answers: { 200: paged(VenueSummary) },
})

export const createVenue = route({
  method: 'POST',
  path: '/v1/venues',
  owner: 'catalog',
  summary: 'Add a venue with its layout',
  access: sellers,
  data: 'own',
  body: NewVenue,
  bodyBytesMax: venueBytesMax,
  answers: { 201: Venue },
})

export const getVenue = route({
  method: 'GET',
  path: '/v1/venues/:id',
  owner: 'catalog',
  summary: 'One venue with its layout',
  access: 'anyone',
  data: 'public',
  params: ById,
  answers: { 200: Venue },
  problems: ['not-found'],
})

export const changeVenue = route({
  method: 'PATCH',
  path: '/v1/venues/:id',
  owner: 'catalog',
  summary: 'Change a venue; a new layout is for events published from now on',
  access: sellers,
  data: 'organized',
  params: ById,
  headers: ifMatch,
  body: NewVenue.partial()
    .refine((change) => Object.keys(change).length > 0, 'must change something')
    .meta({ minProperties: 1 }),
  bodyBytesMax: venueBytesMax,
  answers: { 200: Venue },
  problems: ['not-found', 'version-stale'],
})

export const deleteVenue = route({
  method: 'DELETE',
  path: '/v1/venues/:id',
  owner: 'catalog',
  summary: 'Delete a venue that has no events',
  access: sellers,
  data: 'organized',
  params: ById,
  answers: { 204: null },
  problems: ['not-found', 'venue-in-use'],
})

export const eventStatuses = [
  'DRAFT',
  'SCHEDULED',
  'ON_SALE',
  'SOLD_OUT',
  'COMPLETED',
  'CANCELLED',
] as const
export const EventStatus = z.enum(eventStatuses)
export type EventStatus = z.infer<typeof EventStatus>

/** Minor units by the layout's price zones. */
const Prices = z.record(LabelPart, AmountMinor)

/** Held and bought together. */
const SeatsPerBuyerMax = z
  .int()
  .min(1)
  .max(10_000)
  .nullable()
  .meta({ description: "Seats that one buyer may have; null is the house's own limit" })

export const Event = z
  .object({
    id: Id,
    title: z.string(),
    type: z.string(),
    description: z.string(),
    venueId: Id,
    venueName: z.string(),
    city: z.string(),
    organizerId: Id.nullable(),
    status: EventStatus,
    startsAt: Time,
    endsAt: Time,
    onSaleAt: Time.nullable(),
    currency: Currency,
    prices: Prices,
    seatsPerBuyerMax: SeatsPerBuyerMax,
    seatsGenerated: z
      .int()
      .nullable()
      .meta({ description: 'Null until seating has made the seats' }),
    externalId: z.string().nullable(),
    createdAt: Time,
    version: Version,
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>

const NewEvent = z.strictObject({
  title: Line(200),
  type: Line(40),
  description: z.string().max(4000).default(''),
  venueId: Id,
  startsAt: Time,
  endsAt: Time,
  onSaleAt: Time.nullable().default(null),
  currency: Currency,
  prices: Prices,
  seatsPerBuyerMax: SeatsPerBuyerMax.default(null),
})
const endsAfterStart = (event: { startsAt?: string | undefined; endsAt?: string | undefined }) =>
  !event.startsAt || !event.endsAt || Date.parse(event.startsAt) < Date.parse(event.endsAt)
const endsAfterStartIssue = { path: ['endsAt'], message: 'must be after startsAt' }

export const eventSorts = [
  'startsAt',
  '-startsAt',
  'title',
  '-title',
  'createdAt',
  '-createdAt',
] as const

export const listEvents = route({
  method: 'GET',
  path: '/v1/events',
  owner: 'catalog',
  summary: 'Search events; drafts are shown only to those who own them, with mine=true',
  access: 'anyone',
  data: 'published',
  query: z.strictObject({
    city: Line(80).optional(),
    type: Line(40).optional(),
    status: EventStatus.optional(),
    q: Line(200).optional().meta({ description: 'Words that title, type, venue or city contain' }),
    from: Time.optional(),
    to: Time.optional(),
    mine: z.enum(['true', 'false']).default('false'),
    sort: z.enum(eventSorts).default('startsAt'),
    ...Page,
  }),
  answers: { 200: paged(Event) },
})

export const createEvent = route({
  method: 'POST',
  path: '/v1/events',
  owner: 'catalog',
  summary: 'Draft an event at a venue',
  access: sellers,
  data: 'own',
  body: NewEvent.refine(endsAfterStart, endsAfterStartIssue),
  answers: { 201: Event },
})

export const getEvent = route({
  method: 'GET',
  path: '/v1/events/:id',
  owner: 'catalog',
  summary: 'One event',
  access: 'anyone',
  data: 'published',
  params: ById,
  answers: { 200: Event },
  problems: ['not-found'],
})

export const changeEvent = route({
  method: 'PATCH',
  path: '/v1/events/:id',
  owner: 'catalog',
  summary: 'Change an event; venue, currency and prices only while it is a draft',
  access: sellers,
  data: 'organized',
  params: ById,
  headers: ifMatch,
  body: NewEvent.partial()
    .extend({
      description: z.string().max(4000).optional(),
      onSaleAt: Time.nullable().optional(),
      seatsPerBuyerMax: SeatsPerBuyerMax.optional(),
    })
    .refine((change) => Object.keys(change).length > 0, 'must change something')
    .refine(endsAfterStart, endsAfterStartIssue)
    .meta({ minProperties: 1 }),
  answers: { 200: Event },
  problems: ['not-found', 'version-stale', 'event-fixed'],
})

export const deleteEvent = route({
  method: 'DELETE',
  path: '/v1/events/:id',
  owner: 'catalog',
  summary: 'Delete a draft; for admins also a cancelled event that nobody ordered for',
  access: sellers,
  data: 'organized',
  params: ById,
  answers: { 204: null },
  problems: ['not-found', 'event-fixed', 'event-has-orders'],
})

export const publishEvent = route({
  method: 'POST',
  path: '/v1/events/:id/publish',
  owner: 'catalog',
  summary:
    'Announce a draft: its seats are made, and its sale opens at onSaleAt, or at once without one',
  access: sellers,
  data: 'organized',
  params: ById,
  answers: { 200: Event },
  problems: ['not-found', 'event-fixed'],
})

export const cancelEvent = route({
  method: 'POST',
  path: '/v1/events/:id/cancel',
  owner: 'catalog',
  summary: 'Cancel an event: its sale stops at once and every order is refunded',
  access: sellers,
  data: 'organized',
  params: ById,
  answers: { 200: Event },
  problems: ['not-found', 'event-fixed'],
})

export const getLayout = route({
  method: 'GET',
  path: '/v1/events/:id/layout',
  owner: 'catalog',
  summary: 'The layout that an event was published with, for seating to make its seats',
  access: { functions: ['seating'] },
  data: 'any',
  params: ById,
  answers: {
    200: z.object({ eventId: Id, layout: Layout, layoutVersion: Version, prices: Prices }),
  },
  problems: ['not-found'],
})
