import {
  importSeats,
  type ImportedSale,
  type ImportedSeat,
} from '../../functions/seating/import.ts'
import type { Row } from '../form.ts'
import { idOf } from '../ids.ts'
import type { KnownPlace, Place, Places } from '../judge/places.ts'
import type { Items } from '../judge/rows.ts'
import { acceptedOf, type Judged, type Verdict } from '../judge/verdicts.ts'
import type { Owners } from '../owners.ts'
import type { Progress } from '../progress.ts'

type Seat = Verdict<Items['seats']>
type Part = { eventIds: string[]; seats: Seat[] }

/** An event's seats go together with others', up to so many in one transaction. */
const seatsAtOnce = 5000

/**
 * Writes the seats of each event together with what is sold of them. A seat that was there before may have
 * been sold since: `places` then says to whom.
 */
export async function writeSeats(
  { databases }: Owners,
  progress: Progress,
  judged: Judged,
  { places, known }: { places: Places; known: ReadonlyMap<string, KnownPlace> },
): Promise<void> {
  const createdAt = new Map(judged.orders.all.map(({ id, item }) => [id, item.createdAt]))
  await progress.inPieces('parts of the seats', partsOf(judged), 1, async ([part]) => {
    const { eventIds, seats } = part as Part
    const sales = seats
      .filter(({ id }) => places.get(id)?.orderId && !known.get(id)?.orderId)
      .map((seat) => saleOf(seat, places, createdAt))
    const rows = seats.filter(({ isKnown }) => !isKnown).map((seat) => rowOf(seat, places))
    const had = await importSeats(databases.seating, eventIds, rows, sales)
    const orderOf = new Map(had.map(({ seat_id, order_id }) => [seat_id, order_id]))
    for (const { seatId } of sales) placeOf(places, seatId).orderId = orderOf.get(seatId) ?? null
  })
}

function partsOf({ events, seats }: Judged): Part[] {
  const seatsOf = Map.groupBy(acceptedOf(seats), ({ item }) => item.event)
  const parts: Part[] = []
  for (const { id, item } of acceptedOf(events)) {
    const own = (seatsOf.get(item.number) ?? []).toSorted(bestFirst)
    const part = parts.at(-1)
    if (part && part.seats.length + own.length <= seatsAtOnce) {
      part.eventIds.push(id)
      part.seats.push(...own)
    } else parts.push({ eventIds: [id], seats: own })
  }
  return parts
}

const { compare } = new Intl.Collator('en', { numeric: true })

/** The form does not say which seats are best: VIP is, then sections and rows in the order of their names. */
const bestFirst = ({ item: one }: Seat, { item: other }: Seat): number =>
  Number(other.section === 'VIP') - Number(one.section === 'VIP') ||
  compare(one.section, other.section) ||
  compare(one.row, other.row) ||
  one.seatNumber - other.seatNumber ||
  one.number - other.number

function placeOf(places: Places, seatId: string): Place {
  const place = places.get(seatId)
  if (!place) throw new Error('an accepted seat has no place')
  return place
}

function rowOf({ id, item, original, flags }: Seat, places: Places): ImportedSeat {
  const { label, status } = placeOf(places, id)
  return {
    id,
    eventId: idOf('events', item.event),
    label,
    status,
    section: item.section,
    row: item.row,
    number: item.seatNumber,
    priceMinor: item.priceMinor,
    imported: { row: original as Row, flags },
  }
}

function saleOf(
  { id, item }: Seat,
  places: Places,
  createdAt: ReadonlyMap<string, string>,
): ImportedSale {
  const orderId = placeOf(places, id).orderId ?? ''
  return {
    seatId: id,
    eventId: idOf('events', item.event),
    orderId,
    soldAt: createdAt.get(orderId) ?? '',
  }
}
