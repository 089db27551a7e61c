import type { Row } from '../form.ts'
import { amountOf, amountText } from './amounts.ts'
import type { Random } from './random.ts'
import { later, momentBetween } from './times.ts'

const salesFrom = '2026-07-01 06:00:00'
const salesTo = '2026-09-30 18:00:00'
const cancelledShare = 0.4
/** An event on sale keeps this share of its seats. */
const freeShare = 0.35

type Basket = { seats: Row[]; status: 'CONFIRMED' | 'CANCELLED' }

/** `count` orders with their tickets and payments: events that sold out first, the others as it comes. */
export function makeSales(
  random: Random,
  { users, events, seats }: { users: Row[]; events: Row[]; seats: Row[] },
  count: number,
): { orders: Row[]; tickets: Row[]; payments: Row[] } {
  const seatsOf = Map.groupBy(seats, ({ event_id }) => event_id)
  const ofStatus = (status: string) =>
    events
      .filter((event) => event.status === status)
      .map((event) => seatsOf.get(event.event_id) ?? [])
  const sold = ofStatus('SOLD_OUT').flatMap((own) => sellOut(random, own))
  const others = sellSome(random, ofStatus('ON_SALE'), count - sold.length)
  const placed = [...sold, ...others]
    .map((basket) => ({ ...basket, ...buyerOf(random, users) }))
    .toSorted((one, other) => (one.at < other.at ? -1 : Number(one.at > other.at)))
  const references = new Set<string>()
  const all = placed.map((basket, i) => salesRows(random, basket, i + 1, references))
  return {
    orders: all.map(({ order }) => order),
    tickets: all
      .flatMap(({ tickets }) => tickets)
      .map((ticket, i) => ({ ticket_id: String(i + 1), ...ticket })),
    payments: all.map(({ payment }) => payment),
  }
}

/** All seats, one to four neighbours a basket. */
function sellOut(random: Random, seats: Row[]): Basket[] {
  const baskets: Basket[] = []
  for (let at = 0; at < seats.length;) {
    const own = seats.slice(at, at + random.between(1, 4))
    baskets.push({ seats: own, status: 'CONFIRMED' })
    at += own.length
  }
  return baskets
}

/** So many baskets of neighbours, as long as there are seats to choose from. */
function sellSome(random: Random, events: Row[][], count: number): Basket[] {
  const left = events.map((seats) => ({ free: [...seats], keep: seats.length * freeShare }))
  return Array.from({ length: count }, () => {
    const { free } = random.pick(left.filter((event) => event.free.length - 4 >= event.keep))
    const size = random.between(1, 4)
    const seats = free.splice(random.between(0, free.length - size), size)
    return { seats, status: random.happens(cancelledShare) ? 'CANCELLED' : 'CONFIRMED' }
  })
}

/** Somebody who has an account, at some time after he opened it. */
function buyerOf(random: Random, users: Row[]) {
  const user = random.pick(users)
  const since = later(user.created_at ?? '', 3600)
  const at = momentBetween(random, since > salesFrom ? since : salesFrom, salesTo)
  return { userId: user.user_id ?? '', at }
}

type Placed = Basket & { userId: string; at: string }

function salesRows(random: Random, basket: Placed, number: number, references: Set<string>) {
  const { seats, status, userId, at } = basket
  const sumMinor = seats.reduce((sum, { price = '' }) => sum + amountOf(price), 0)
  // Tax is 5 %, rounded half up.
  const total = amountText(sumMinor + Math.floor((sumMinor * 5 + 50) / 100))
  const unpaid = random.happens(0.15) ? 'PENDING' : 'FAILED'
  const paymentStatus = status === 'CONFIRMED' ? 'SUCCESS' : unpaid
  const eventId = seats[0]?.event_id ?? ''
  const order = {
    order_id: String(number),
    user_id: userId,
    event_id: eventId,
    status,
    payment_status: paymentStatus,
    order_total: total,
    created_at: at,
  }
  const payment = {
    payment_id: String(number),
    order_id: String(number),
    amount: total,
    method: random.pick(['CARD', 'UPI', 'UPI', 'NETBANKING', 'WALLET']),
    status: paymentStatus,
    reference: referenceFor(random, at, references),
    created_at: later(at, random.between(20, 840)),
  }
  const tickets = seats.map(({ seat_id = '', price = '' }) => ({
    order_id: String(number),
    event_id: eventId,
    seat_id,
    price_paid: price,
  }))
  return { order, payment, tickets }
}

const letters = Array.from('0123456789ABCDEFGHJKLMNPQRSTUVWXYZ')

/** The day and six letters, never twice. */
function referenceFor(random: Random, at: string, references: Set<string>): string {
  const day = at.slice(0, 10).replaceAll('-', '')
  for (;;) {
    const code = Array.from({ length: 6 }, () => random.pick(letters)).join('')
    const reference = `BXO${day}-${code}`
    if (references.has(reference)) continue
    references.add(reference)
    return reference
  }
}
