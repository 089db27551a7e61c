import { createBase } from './outbox.ts'
import { buyerStatements } from './seating-place.ts'
import { holdStatements } from './seating-holds.ts'
import { isFree, isOnSale, type SeatingTables } from './seating-tables.ts'
import { after, byId, dateOf, refused, Table, unnest, type Engine, type Row } from './tables.ts'

/** seating's database. */
export function createSeatingDatabase(): Engine {
  const base = createBase()
  const table = () => new Table(base.journal)
  const own = {
    events: table(),
    seats: table(),
    holds: table(),
    allocations: table(),
    buyers: table(),
  }
  const statements = {
    ...base.statements,
    ...holdStatements(own),
    ...buyerStatements(own),
    ...eventStatements(own),
    ...allocationStatements(own),
  }
  return { ...base, tables: { ...base.tables, ...own }, statements }
}

/** store/events.ts and what the use cases read of store/seats.ts. */
function eventStatements({ events, seats, allocations }: SeatingTables): Engine['statements'] {
  return {
    'event-keep': ([
      id,
      status,
      starts,
      ends,
      onSale,
      currency,
      layout_version,
      version,
      limit,
    ]) => {
      const known = events.get(id)
      const times = { starts_at: dateOf(starts), ends_at: dateOf(ends), on_sale_at: dateOf(onSale) }
      if (!known)
        events.put(id, {
          id,
          status,
          ...times,
          currency,
          layout_version,
          version,
          price_factor: 1,
          seats_per_buyer_max: limit,
          seats_total: null,
          is_sold_out: null,
          availability_version: 0,
        })
      else if (known.version < version)
        events.change(id, {
          status,
          ...times,
          layout_version,
          version,
          seats_per_buyer_max: limit,
        })
      return [{ needs_seats: (known?.seats_total ?? null) === null }]
    },
    'seats-insert': ([event_id, ...columns], now) => {
      for (const seat of unnest('id ordinal label section row number price_minor', columns))
        seats.put(seat.id, {
          ...seat,
          event_id,
          status: 'AVAILABLE',
          hold_id: null,
          held_until: null,
          changed_at: now,
          version: 0,
          imported: null,
        })
      return []
    },
    'event-sale': ([id], now) =>
      events.where((event) => event.id === id).map((one) => ({ is_on_sale: isOnSale(one, now) })),
    'event-availability': ([ids]) =>
      ids.flatMap((id: string) => {
        const event = events.get(id)
        const all = seats.where((seat) => seat.event_id === id)
        const unsold = all.filter(({ status }) => !['SOLD', 'BLOCKED'].includes(status)).length
        if (!event || all.length === 0 || event.is_sold_out === (unsold === 0)) return []
        const changed = events.change(id, {
          is_sold_out: unsold === 0,
          availability_version: event.availability_version + 1,
        })
        const { is_sold_out, availability_version } = changed
        return [{ event_id: id, is_sold_out, availability_version, total: all.length, unsold }]
      }),
    'events-recently-sold': ([seconds], now) => {
      const recent = allocations.where(
        (one) => one.allocated_at > after(now, -seconds) && !one.is_imported,
      )
      return [...new Set(recent.map(({ event_id }) => event_id))].map((event_id) => ({ event_id }))
    },
    'seats-free': ([eventId, section, limit], now) =>
      seats
        .where((seat) => seat.event_id === eventId && isFree(seat, now))
        .filter((seat) => section === null || seat.section === section)
        .toSorted((a, b) => a.ordinal - b.ordinal)
        .slice(0, limit)
        .map(({ id, section: name, row, number }) => ({ id, section: name, row, number })),
  }
}

/** store/allocations.ts */
function allocationStatements(tables: SeatingTables): Engine['statements'] {
  const { seats, allocations } = tables
  return {
    allocate: (values, now) => allocate(tables, values, now),
    'allocation-count': ([orderId, seatIds]) => [
      {
        count: allocations.where((one) => one.order_id === orderId && seatIds.includes(one.seat_id))
          .length,
      },
    ],
    'allocation-end': ([orderId, seatIds], now) => {
      const mine = seats
        .where(({ id }) => {
          const one = allocations.get(id)
          return seatIds.includes(id) && one?.order_id === orderId && !one?.is_imported
        })
        .toSorted(byId)
      for (const { id, version } of mine) {
        allocations.remove(id)
        seats.change(id, { status: 'AVAILABLE', changed_at: now, version: version + 1 })
      }
      return mine.map(({ id }) => ({ id }))
    },
  }
}

function allocate(tables: SeatingTables, values: any[], now: Date): Row[] {
  const { events, seats, holds, allocations } = tables
  const asked = unnest('order_id hold_id event_id', values)
  const wanted = unnest('item seat_id', [values[3], values[4]])
  const results = asked.map((request, item) => {
    const ids = wanted.filter((one) => one.item === item + 1).map(({ seat_id }) => seat_id)
    const event = events.get(request.event_id)
    const isLive = event !== undefined && event.status !== 'CANCELLED'
    const free = ids.map((id) => seats.get(id)).filter((seat) => mayHave(seat, request, now))
    const had = ids.filter((id) => allocations.get(id)?.order_id === request.order_id)
    const isGivenUp = holds.get(request.hold_id)?.status === 'RELEASED'
    const mayWin = isLive && !isGivenUp && free.length === ids.length
    const won = mayWin ? (free as Row[]) : undefined
    return { request, isLive, won, isSold: won !== undefined || had.length === ids.length }
  })
  for (const { request, won } of results) {
    if (!won) continue
    const { order_id, event_id, hold_id } = request
    for (const { id, version } of won) {
      if (allocations.get(id)) throw refused('23505', 'allocations_pkey')
      const change = { status: 'SOLD', hold_id: null, held_until: null, changed_at: now }
      seats.change(id, { ...change, version: version + 1 })
      allocations.put(id, {
        seat_id: id,
        event_id,
        order_id,
        is_imported: false,
        allocated_at: now,
      })
    }
    if (holds.get(hold_id)) holds.change(hold_id, { status: 'ALLOCATED' })
  }
  return results.map(({ isLive, isSold }, item) => ({
    item: item + 1,
    is_live: isLive,
    is_sold: isSold,
  }))
}

const mayHave = (seat: Row | undefined, { event_id, hold_id }: Row, now: Date): boolean =>
  seat?.event_id === event_id &&
  (isFree(seat as Row, now) || (seat?.status === 'HELD' && seat?.hold_id === hold_id))
