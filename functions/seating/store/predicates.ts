/**
 * The one predicate by which a seat may be had, in every read and in the reserve: a hold that has run out is
 * free the moment it does, whether or not a sweep has come by.
 */
export const isFree = (seat: string): string =>
  `(${seat}.status = 'AVAILABLE' or (${seat}.status = 'HELD' and ${seat}.held_until <= now()))`

/** A seat's status as everybody sees it. */
export const statusOf = (seat: string): string =>
  `case when ${isFree(seat)} then 'AVAILABLE' else ${seat}.status end`

/** The sale opens by itself at `on_sale_at`, on this clock, and ends when the event begins. */
export const isOnSale = (event: string): string =>
  `(${event}.starts_at > now() and (${event}.status in ('ON_SALE', 'SOLD_OUT')
     or (${event}.status = 'SCHEDULED' and ${event}.on_sale_at <= now())))`

/** What a seat costs at the moment, in minor units. */
export const priceOf = (seat: string, event: string): string =>
  `round(${seat}.price_minor * ${event}.price_factor)::bigint`
