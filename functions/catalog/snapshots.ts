import type { EventData } from '../../contracts/events.ts'
import type { EventRow } from './store/events.ts'

export type EventSnapshot = EventData<'dev.boxoffice.event.updated.v1'>

/** An announced event as other functions keep it. Throws for a draft: nobody is told of those. */
export function snapshotOf(row: EventRow): EventSnapshot {
  if (row.layout_version === null) throw new Error(`event ${row.id} was not published`)
  return {
    eventId: row.id,
    version: row.version,
    status: row.status,
    title: row.title,
    type: row.type,
    venueId: row.venue_id,
    venueName: row.venue_name,
    city: row.city,
    organizerId: row.organizer_id,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    onSaleAt: row.on_sale_at?.toISOString() ?? null,
    currency: row.currency,
    layoutVersion: row.layout_version,
    seatsPerBuyerMax: row.seats_per_buyer_max,
  }
}
