import * as catalog from '../../functions/catalog/import.ts'
import * as orders from '../../functions/orders/import.ts'
import * as seating from '../../functions/seating/import.ts'
import * as tickets from '../../functions/tickets/import.ts'
import type { Row } from '../form.ts'
import { acceptedOf, newOf, referredTo, type Judged } from '../judge/verdicts.ts'
import type { Owners } from '../owners.ts'
import { inPieces, type Progress } from '../progress.ts'
import { shifted } from '../shift.ts'

const rowsAtOnce = 1000
const hours = 3

export const writeVenues = (
  { databases }: Owners,
  progress: Progress,
  { venues }: Judged,
): Promise<void> =>
  progress.inPieces('venues', newOf(venues), rowsAtOnce, (piece) =>
    catalog.importVenues(
      databases.catalog,
      piece.map(({ id, item: { number, ...venue }, original, flags }) => ({
        id,
        externalId: String(number),
        ...venue,
        imported: { row: original as Row, flags },
      })),
    ),
  )

/** Writes the events, and what seating, orders and tickets keep of them. */
export async function writeEvents(
  { databases }: Owners,
  progress: Progress,
  { venues, events }: Judged,
  { shiftSeconds, currency }: { shiftSeconds: number; currency: string },
): Promise<void> {
  await progress.inPieces('events', newOf(events), rowsAtOnce, (piece) =>
    catalog.importEvents(
      databases.catalog,
      piece.map(({ id, item, original, flags }) => ({
        id,
        externalId: String(item.number),
        venueId: referredTo(venues, item.venue).id,
        title: item.title,
        type: item.type,
        status: item.status,
        startsAt: shifted(item.startsAt, shiftSeconds),
        endsAt: shifted(item.startsAt, shiftSeconds + hours * 3600),
        currency,
        prices: { standard: item.basePriceMinor },
        shiftSeconds,
        imported: { row: original as Row, flags },
      })),
    ),
  )
  const ids = acceptedOf(events).map(({ id }) => id)
  const snapshots = await inPieces(ids, rowsAtOnce, (some) =>
    catalog.snapshotsOf(databases.catalog, some),
  )
  await Promise.all([
    seating.importEvents(databases.seating, snapshots),
    orders.importEvents(databases.orders, snapshots),
    tickets.importEvents(databases.tickets, snapshots),
  ])
}

/** Tells catalog how many seats the events have, once they are there. */
export async function writeSeatCounts({ databases }: Owners, { events }: Judged): Promise<void> {
  const ids = acceptedOf(events).map(({ id }) => id)
  const counts = await inPieces(ids, rowsAtOnce, (some) =>
    seating.countSeats(databases.seating, some),
  )
  await inPieces(counts, 100, async (some) => {
    await catalog.noteSeats(databases.catalog, some)
    return []
  })
}
