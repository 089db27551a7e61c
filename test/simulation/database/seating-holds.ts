import { placeHolds } from './seating-place.ts'
import type { SeatingTables } from './seating-tables.ts'
import { after, type Engine, type Row } from './tables.ts'

/** The holds of seating, as store/holds.ts has them. */
export function holdStatements(tables: SeatingTables): Engine['statements'] {
  const { events, holds, seats } = tables
  const isLive = (hold: Row, now: Date) => hold.status === 'ACTIVE' && hold.expires_at > now

  const shown = (hold: Row, now: Date): Row => ({
    id: hold.id,
    event_id: hold.event_id,
    buyer_id: hold.buyer_id,
    order_id: hold.order_id,
    status: hold.status,
    expires_at: hold.expires_at,
    currency: events.get(hold.event_id)?.currency,
    is_live: isLive(hold, now),
    rest_ms: hold.expires_at.getTime() - now.getTime(),
    seats: hold.seat_ids.map((seatId: string, place: number) => {
      const { id, label, section, row, number } = seats.get(seatId) as Row
      return { id, label, section, row, number, price_minor: hold.prices_minor[place] }
    }),
  })

  /** The ended holds, and their seats that are free now. */
  const freed = (ended: Row[], now: Date): Row[] =>
    ended.flatMap((hold) => {
      const own = hold.seat_ids
        .map((id: string) => seats.get(id))
        .filter((seat: Row) => seat.hold_id === hold.id && seat.status === 'HELD')
      for (const seat of own)
        seats.change(seat.id, {
          status: 'AVAILABLE',
          hold_id: null,
          held_until: null,
          changed_at: now,
          version: seat.version + 1,
        })
      const { id: hold_id, event_id, order_id, seat_ids: wanted_ids } = hold
      const none = { event_id: null, order_id: null, wanted_ids: null }
      return [
        { hold_id, event_id, order_id, wanted_ids, seat_id: null },
        ...own.map((seat: Row) => ({ hold_id, ...none, seat_id: seat.id })),
      ]
    })

  const release = (
    [ids, ownerIds]: any[],
    now: Date,
    mayEnd: (hold: Row, ownerId: string) => boolean,
  ): Row[] => {
    const due = ids.filter((id: string, i: number) => {
      const hold = holds.get(id)
      return hold && mayEnd(hold, ownerIds[i])
    })
    return freed(
      due.map((id: string) => holds.change(id, { status: 'RELEASED' })),
      now,
    )
  }

  return {
    'hold-place': (values, now) => placeHolds(tables, values, now),
    'hold-find': ([id], now) => holds.where((hold) => hold.id === id).map((one) => shown(one, now)),
    'hold-bind': ([id, buyerId, orderId, eventId], now) => {
      const hold = holds.get(id)
      const mayBind =
        hold?.buyer_id === buyerId &&
        hold?.event_id === eventId &&
        isLive(hold as Row, now) &&
        (hold?.order_id === null || hold?.order_id === orderId)
      return mayBind ? [shown(holds.change(id, { order_id: orderId }), now)] : []
    },
    'hold-end': (values, now) =>
      release(
        values,
        now,
        (hold, buyerId) =>
          hold.status === 'ACTIVE' && hold.buyer_id === buyerId && hold.order_id === null,
      ),
    'hold-end-for-ever': (values, now) =>
      release(
        values,
        now,
        (hold, orderId) => hold.order_id === orderId && hold.status !== 'RELEASED',
      ),
    'hold-expire': ([limit], now) => {
      const due = holds
        .where((hold) => hold.status === 'ACTIVE' && hold.expires_at <= now)
        .toSorted((a, b) => a.expires_at - b.expires_at)
        .slice(0, limit)
      return freed(
        due.map(({ id }) => holds.change(id, { status: 'EXPIRED' })),
        now,
      )
    },
    'hold-extend': ([id, buyerId, seconds, secondsMax], now) => {
      const hold = holds.get(id)
      if (!hold || hold.buyer_id !== buyerId || !isLive(hold, now) || hold.is_extended) return []
      const ends = [after(now, seconds), after(hold.created_at, secondsMax)]
      const expires_at = ends.toSorted((a, b) => a.getTime() - b.getTime())[0]
      holds.change(id, { is_extended: true, expires_at })
      for (const seatId of hold.seat_ids) {
        const seat = seats.get(seatId) as Row
        if (seat.hold_id === id && seat.status === 'HELD')
          seats.change(seatId, { held_until: expires_at })
      }
      return [{ id }]
    },
  }
}
