import { getLayout } from '../../contracts/catalog.ts'
import { type Layout } from '../../contracts/layouts.ts'
import { newId } from '../_runtime/ids.ts'
import type { Deps } from './deps.ts'
import { markSeatsMade } from './store/events.ts'
import { insertSeats, type NewSeat } from './store/seats.ts'

const chunkSeats = 5000

/**
 * Makes the seats of an event from the layout that it was published with. Can be repeated and can run twice
 * at once: a seat has its place in the order of the layout only once, and only one of the two tells catalog.
 */
export async function makeSeats(deps: Deps, eventId: string): Promise<void> {
  const { body } = await deps.calls(getLayout, { params: { id: eventId } })
  const seats = seatsOf(body.layout, body.prices)
  for (let start = 0; start < seats.length; start += chunkSeats)
    await insertSeats(deps.database, eventId, seats.slice(start, start + chunkSeats))

  const rows = await deps.database.transaction(async (tx) => {
    const version = await markSeatsMade(tx, eventId, seats.length)
    if (version === undefined) return []
    const data = { eventId, version, total: seats.length, unsold: seats.length }
    const told = [deps.outbox.row('dev.boxoffice.seats.generated.v1', eventId, data)]
    await deps.outbox.write(tx, told)
    return told
  })
  deps.outbox.send(rows)
}

/** Every seat of a layout, best first. Throws where a price zone has no price: catalog publishes no such event. */
export function seatsOf(layout: Layout, prices: Record<string, number>): NewSeat[] {
  const places = layout.sections.flatMap((section) => {
    const priceMinor = prices[section.priceZone]
    if (priceMinor === undefined) throw new Error(`price zone ${section.priceZone} has no price`)
    const seat = (row: string | null, number: number) => ({
      label: [section.name, row, number].filter((part) => part !== null).join('-'),
      section: section.name,
      row,
      number,
      priceMinor,
    })
    const standing = range(1, section.standing?.capacity ?? 0).map((number) => seat(null, number))
    const seated = (section.rows ?? []).flatMap((row) =>
      row.ranges.flatMap(([from, to]) => range(from, to).map((number) => seat(row.name, number))),
    )
    return [...standing, ...seated]
  })
  return places.map((place, ordinal) => ({ id: newId(), ordinal, ...place }))
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
