import type { Row, Table } from './tables.ts'

/** The tables of seating's own. */
export type SeatingTables = Record<'events' | 'seats' | 'holds' | 'allocations' | 'buyers', Table>

/** As store/predicates.ts of seating says it. */
export const isFree = (seat: Row, now: Date): boolean =>
  seat.status === 'AVAILABLE' || (seat.status === 'HELD' && seat.held_until <= now)

/** As store/predicates.ts of seating says it. */
export const isOnSale = (event: Row, now: Date): boolean =>
  event.starts_at > now &&
  (['ON_SALE', 'SOLD_OUT'].includes(event.status) ||
    (event.status === 'SCHEDULED' && event.on_sale_at !== null && event.on_sale_at <= now))

/** `round(numeric)::bigint` of prices that are never negative. */
export const priceOf = (seat: Row, event: Row): number =>
  Math.round(seat.price_minor * event.price_factor)
