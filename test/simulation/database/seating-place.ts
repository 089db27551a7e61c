import { isFree, isOnSale, priceOf, type SeatingTables } from './seating-tables.ts'
import { after, unnest, type Engine, type Row } from './tables.ts'

/** store/buyers.ts of seating. */
export function buyerStatements(tables: SeatingTables): Engine['statements'] {
  const { events, buyers } = tables
  return {
    'buyer-seats': ([eventId, buyerId, seatsMax], now) =>
      events
        .where(({ id }) => id === eventId)
        .map((event) => {
          const holdIds: string[] = buyers.get(`${eventId}/${buyerId}`)?.hold_ids ?? []
          const counted = countSeats(tables, holdIds, now)
          return { limit: limitOf(seatsMax, event), ...counted }
        }),
  }
}

const limitOf = (seatsMax: number, event: Row): number =>
  Math.min(seatsMax, event.seats_per_buyer_max ?? Infinity)

/** Of a buyer's holds, each named once a seat. */
function countSeats({ holds, allocations }: SeatingTables, holdIds: string[], now: Date) {
  const counts = { held: 0, bought: 0 }
  for (const id of new Set(holdIds)) {
    const hold = holds.get(id)
    if (!hold || (hold.status === 'ACTIVE' && hold.expires_at > now))
      counts.held += holdIds.filter((one) => one === id).length
    else
      counts.bought += allocations.where(
        ({ seat_id, order_id }) => hold.seat_ids.includes(seat_id) && order_id === hold.order_id,
      ).length
  }
  return counts
}

/** A buyer's row takes the hold in, where that is not more than he may have. */
function allow(tables: SeatingTables, hold: Row, limit: number, now: Date): boolean {
  const { buyers, holds } = tables
  const { seats } = hold
  const key = `${hold.event_id}/${hold.buyer_id}`
  const before: string[] = buyers.get(key)?.hold_ids ?? []
  const { held, bought } = countSeats(tables, before, now)
  if (seats > limit || held + bought + seats > limit) return false
  const kept = before.filter((id) => {
    const { status = 'ALLOCATED', expires_at } = holds.get(id) ?? {}
    return status === 'ALLOCATED' || (status !== 'RELEASED' && expires_at > after(now, -3600))
  })
  const { event_id, buyer_id } = hold
  buyers.put(key, { event_id, buyer_id, hold_ids: [...kept, ...Array(seats).fill(hold.id)] })
  return true
}

type Seen = { item: number; place: number; seat_id: string; own?: Row; open?: Row; got: boolean }

/** store/place-hold.ts of seating. */
export function placeHolds(tables: SeatingTables, values: any[], now: Date): Row[] {
  const { events, holds, seats } = tables
  const asked = unnest('id event_id buyer_id order_id seconds seats_max', [
    ...values.slice(0, 5),
    values[7],
  ])
  const wanted = unnest('item seat_id', [values[5], values[6]])
  const seen: Seen[] = wanted.map(({ item, seat_id }, i) => {
    const event = events.get(asked[item - 1]?.event_id)
    const seat = seats.get(seat_id)
    const own = seat?.event_id === event?.id ? seat : undefined
    const open = event && isOnSale(event, now) ? event : undefined
    const got = open !== undefined && own !== undefined && isFree(own, now)
    return { item, place: i + 1, seat_id, got, ...(own ? { own } : {}), ...(open ? { open } : {}) }
  })
  const results = asked.map((hold, item) => {
    const own = seen.filter((one) => one.item === item + 1)
    const isAble = !holds.get(hold.id) && own.every(({ got }) => got)
    const limit = isAble ? limitOf(hold.seats_max, own[0]?.open as Row) : 0
    const isWon = isAble && allow(tables, { ...hold, seats: own.length }, limit, now)
    return { hold, own, isAble, isWon }
  })
  for (const { hold, own, isWon } of results) if (isWon) take(tables, hold, own, now)
  return seen.map((one) => shown(one, results[one.item - 1] as (typeof results)[number], now))
}

function take({ holds, seats }: SeatingTables, hold: Row, own: Seen[], now: Date): void {
  const { seconds, seats_max: _, ...named } = hold
  const expires_at = after(now, seconds)
  for (const { own: seat } of own)
    seats.change(seat?.id, {
      status: 'HELD',
      hold_id: hold.id,
      held_until: expires_at,
      changed_at: now,
      version: (seat?.version ?? 0) + 1,
    })
  holds.put(hold.id, {
    ...named,
    seat_ids: own.map(({ seat_id }) => seat_id),
    prices_minor: own.map(({ own: seat, open }) => priceOf(seat as Row, open as Row)),
    status: 'ACTIVE',
    is_extended: false,
    expires_at,
    created_at: now,
  })
}

function shown(
  { item, place, seat_id, own, open, got }: Seen,
  { hold, isAble, isWon }: { hold: Row; isAble: boolean; isWon: boolean },
  now: Date,
): Row {
  const { label = null, section = null, row = null, number = null } = own ?? {}
  const seat = { item, place, id: seat_id, label, is_free: got }
  if (isWon)
    return {
      ...seat,
      outcome: 'held',
      section,
      row,
      number,
      price_minor: String(priceOf(own as Row, open as Row)),
      status: null,
      expires_at: after(now, hold.seconds),
      currency: open?.currency,
    }
  return {
    ...seat,
    outcome: !open ? 'closed' : isAble ? 'limited' : 'taken',
    section: null,
    row: null,
    number: null,
    price_minor: null,
    status: own?.status ?? null,
    expires_at: null,
    currency: null,
  }
}
