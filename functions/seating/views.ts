import type { Seat, Summary } from '../../contracts/seating.ts'
import { SeatStatus } from '../../contracts/seating.ts'
import type { SeatRow, SectionCount } from './store/seats.ts'

/** A seat as the contract shows it. */
export const presentSeat = (row: SeatRow): Seat => ({
  id: row.id,
  eventId: row.event_id,
  label: row.label,
  section: row.section,
  row: row.row,
  number: row.number,
  price: { amountMinor: Number(row.price_minor), currency: row.currency },
  status: SeatStatus.parse(row.status),
})

/** Counts of an event from those of its sections. */
export function presentSummary(eventId: string, sections: SectionCount[]): Summary {
  const sum = (count: (section: SectionCount) => number) =>
    sections.reduce((all, section) => all + count(section), 0)
  return {
    eventId,
    total: sum(({ total }) => total),
    available: sum(({ available }) => available),
    held: sum(({ held }) => held),
    sold: sum(({ sold }) => sold),
    blocked: sum(({ blocked }) => blocked),
    sections: sections.map(({ section, total, available, price_from, currency }) => ({
      section,
      total,
      available,
      priceFrom: price_from === null ? null : { amountMinor: Number(price_from), currency },
    })),
  }
}
