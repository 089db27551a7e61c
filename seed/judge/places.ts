import type { Items } from './rows.ts'
import { acceptedOf, knownFirst, newOf, referredTo, type Judged, type Verdict } from './verdicts.ts'

/** What becomes of a seat: its label, and the order that has it. */
export type Place = {
  label: string
  status: 'AVAILABLE' | 'SOLD' | 'BLOCKED'
  orderId: string | null
}

/** Places by the ids of their seats. */
export type Places = Map<string, Place>

export type KnownPlace = { label: string; orderId: string | null }

type Seat = Verdict<Items['seats']>
type Claim = { orderId: string; createdAt: string; order: number; ticket: number }

/**
 * Gives each seat its place. In real life a position has one seat, so where rows name one position several
 * times, one of them may be had, the one with a live ticket or the first, and the others are blocked. Of
 * several orders the earliest has the seat. What an earlier import decided stands.
 */
export function placeSeats(judged: Judged, known: ReadonlyMap<string, KnownPlace>): Places {
  const claims = firstClaims(judged)
  const places: Places = new Map()
  for (const group of Map.groupBy(acceptedOf(judged.seats), positionOf).values())
    placeGroup(group.toSorted(firstFirst), { claims, known, places })
  return places
}

/** A seat by what buyers call it, without its event. */
export const labelOf = ({ section, row, seatNumber }: Items['seats']): string =>
  `${section}-${row}-${seatNumber}`

/** Only a confirmed order has seats. The earliest wins, then the one with the lower number. */
function firstClaims({ tickets, orders, seats }: Judged): Map<string, Claim> {
  const claims = new Map<string, Claim>()
  for (const { item } of newOf(tickets)) {
    const order = referredTo(orders, item.order)
    if (order.item.status !== 'CONFIRMED') continue
    const { createdAt, number } = order.item
    const claim = { orderId: order.id, createdAt, order: number, ticket: item.number }
    const seatId = referredTo(seats, item.seat).id
    const other = claims.get(seatId)
    if (!other || isBefore(claim, other)) claims.set(seatId, claim)
  }
  return claims
}

function isBefore(one: Claim, other: Claim): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt
  return one.order === other.order ? one.ticket < other.ticket : one.order < other.order
}

const positionOf = ({ item }: Seat) => `${item.event}/${labelOf(item)}`

const firstFirst = (one: Seat, other: Seat) =>
  knownFirst(one, other) || one.item.number - other.item.number

type Given = {
  claims: ReadonlyMap<string, Claim>
  known: ReadonlyMap<string, KnownPlace>
  places: Places
}

function placeGroup(group: Seat[], { claims, known, places }: Given): void {
  const kept = keptOf(group, claims)
  group.forEach((seat, i) => {
    const there = known.get(seat.id)
    const label = there?.label ?? labelOf(seat.item) + (i > 0 ? `~${i + 1}` : '')
    const orderId =
      there?.orderId ?? (seat === kept ? (claims.get(seat.id)?.orderId ?? null) : null)
    if (seat !== kept && !seat.isKnown) seat.flags.push('duplicate-position')
    const free = seat === kept ? 'AVAILABLE' : 'BLOCKED'
    places.set(seat.id, { label, status: orderId ? 'SOLD' : free, orderId })
  })
}

/** The one seat of a position that may be had. */
function keptOf(group: Seat[], claims: Given['claims']): Seat | undefined {
  const known = group.filter(({ isKnown }) => isKnown)
  if (known.length > 0) return known.find(({ flags }) => !flags.includes('duplicate-position'))
  const claimed = group.filter(({ id }) => claims.has(id))
  return claimed.reduce(
    (first, seat) => (isBefore(claimOf(seat, claims), claimOf(first, claims)) ? seat : first),
    claimed[0] ?? (group[0] as Seat),
  )
}

const claimOf = ({ id }: Seat, claims: Given['claims']): Claim => claims.get(id) as Claim
