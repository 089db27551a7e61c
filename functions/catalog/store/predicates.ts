/**
 * An event's status as everybody sees it, in every read and every filter. The sale opens at `on_sale_at` and
 * the event is over at `ends_at` by this database's clock, without anything that ticks.
 */
export const statusOf = (event: string): string =>
  `case when ${event}.is_status_pinned or ${event}.status in ('DRAFT', 'CANCELLED') then ${event}.status
     when ${event}.ends_at <= now() then 'COMPLETED'
     when ${event}.is_sold_out then 'SOLD_OUT'
     when ${event}.status = 'ON_SALE' or ${event}.on_sale_at <= now() then 'ON_SALE'
     else 'SCHEDULED' end`

/** What is stored of an announced event whose sale opens at `onSaleAt`, or at once where that is null. */
export const announcedStatus = (onSaleAt: string): string =>
  `case when ${onSaleAt} > now() then 'SCHEDULED' else 'ON_SALE' end`
