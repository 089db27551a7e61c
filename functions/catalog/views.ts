import type { Event, Venue } from '../../contracts/catalog.ts'
import type { EventRow } from './store/events.ts'
import type { VenueRow } from './store/venues.ts'

/** An event as the contract shows it. */
export const presentEvent = (row: EventRow): Event => ({
  id: row.id,
  title: row.title,
  type: row.type,
  description: row.description,
  venueId: row.venue_id,
  venueName: row.venue_name,
  city: row.city,
  organizerId: row.organizer_id,
  status: row.status,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  onSaleAt: row.on_sale_at?.toISOString() ?? null,
  currency: row.currency,
  prices: row.prices,
  seatsPerBuyerMax: row.seats_per_buyer_max,
  seatsGenerated: row.seats_generated,
  externalId: row.external_id,
  createdAt: row.created_at.toISOString(),
  version: row.version,
})

/** A venue as lists show it. */
export const presentSummary = (row: Omit<VenueRow, 'layout'>): Omit<Venue, 'layout'> => ({
  id: row.id,
  name: row.name,
  city: row.city,
  capacity: row.capacity,
  layoutVersion: row.layout_version,
  organizerId: row.organizer_id,
  createdAt: row.created_at.toISOString(),
  version: row.version,
})

/** A venue as the contract shows it. */
export const presentVenue = (row: VenueRow): Venue => ({
  ...presentSummary(row),
  layout: row.layout,
})
