import type { Choice, HeldSeat, Hold } from '../../contracts/seating.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { findBuyersSeats } from './store/buyers.ts'
import { findSale } from './store/events.ts'
import { findHold, type HeldSeatRow, type HoldRow } from './store/holds.ts'
import type { Placed } from './store/place-hold.ts'

/** Who wants which seats of what. An order names its hold; a buyer's own hold gets a name here. */
export type Wish = {
  holdId?: string
  orderId?: string
  eventId: string
  buyerId: string
  choice: Choice
}

/** The guard, then the statement; see `guard.ts` for what each of them decides. */
export async function holdSeats(deps: Deps, wish: Wish, seatIds: string[]): Promise<Hold> {
  const { eventId, buyerId, orderId = null, holdId = newId() } = wish
  const others = await deps.guard.take(eventId, holdId, seatIds)
  if (others && others.length > 0) throw taken(others.map((other) => named(wish, seatIds, other)))

  const { holdSeconds: seconds, seatsPerBuyerMax } = deps
  const request = { id: holdId, eventId, buyerId, orderId, seatIds, seconds, seatsPerBuyerMax }
  let placed: Placed
  try {
    failpoint('seating.before-hold')
    placed = await deps.placeHold(request)
    failpoint('seating.held')
  } catch (err) {
    deps.guard.giveBack(eventId, holdId, seatIds)
    throw err
  }
  if (placed.outcome === 'held') {
    deps.guard.keep(eventId, holdId, seatIds, seconds * 1000)
    deps.changes.tell(eventId, seatIds, 'HELD')
    const { currency, seats, expiresAt } = placed
    return presentHold({ id: holdId, event_id: eventId, currency, seats, expires_at: expiresAt })
  }
  const own = wish.holdId === undefined ? undefined : await findHold(deps.database, holdId)
  if (own?.is_live) return presentHold(own)
  deps.guard.giveBack(eventId, holdId, seatIds)
  if (own) throw new Problem('hold-lost', 'The hold is over; choose seats again')
  throw placed.outcome === 'limited'
    ? await tooManyForOne(deps, wish, seatIds.length)
    : await refusal(deps, eventId, placed)
}

/** Redis knows no labels; whoever asked by label gets his own word back. */
function named({ choice }: Wish, seatIds: string[], other: TakenSeat): TakenSeat {
  const label = choice.seats?.[seatIds.indexOf(other.seatId)]
  return label === undefined ? other : { ...other, label }
}

async function refusal(
  { database }: Deps,
  eventId: string,
  placed: Exclude<Placed, { outcome: 'held' | 'limited' }>,
) {
  if (placed.outcome === 'closed') {
    const event = await findSale(database, eventId)
    return event
      ? new Problem('event-not-on-sale', 'Seats of this event cannot be had at the moment')
      : new Problem('not-found', `There is no event ${eventId}`)
  }
  const seats = placed.seats.map(({ id, label, reason }) => ({
    seatId: id,
    ...(label === null ? {} : { label }),
    reason,
  }))
  if (seats.some(({ reason }) => reason === 'UNKNOWN'))
    return new Problem('not-found', 'The event has no such seat', { seats })
  return taken(seats)
}

async function tooManyForOne(deps: Deps, { eventId, buyerId }: Wish, asked: number) {
  const seats = await findBuyersSeats(deps.database, eventId, buyerId, deps.seatsPerBuyerMax)
  const { limit, held, bought } = seats
  const detail = `One buyer may have ${limit} seats of this event: ${held} held, ${bought} bought`
  return new Problem('buyer-limit', detail, { limit, held, bought, asked })
}

type TakenSeat = { seatId: string; label?: string; reason: string }

const taken = (seats: TakenSeat[]) =>
  new Problem(
    'seat-taken',
    `Not free: ${seats.map(({ label, seatId }) => label ?? seatId).join(', ')}`,
    {
      seats,
    },
  )

type Presentable = Pick<HoldRow, 'id' | 'event_id' | 'currency' | 'seats' | 'expires_at'>

/** A hold as the contract shows it. */
export function presentHold({ id, event_id, currency, seats, expires_at }: Presentable): Hold {
  const held = seats.map((seat) => presentHeldSeat(seat, currency))
  return {
    holdId: id,
    eventId: event_id,
    seats: held,
    total: { amountMinor: held.reduce((sum, { price }) => sum + price.amountMinor, 0), currency },
    expiresAt: new Date(expires_at).toISOString(),
  }
}

const presentHeldSeat = (seat: HeldSeatRow, currency: string): HeldSeat => ({
  id: seat.id,
  label: seat.label,
  section: seat.section,
  row: seat.row,
  number: seat.number,
  price: { amountMinor: Number(seat.price_minor), currency },
})
