import type { Row } from '../form.ts'
import { amountText } from './amounts.ts'
import type { Random } from './random.ts'

/** Best first: how much of an event each section takes, and its price in hundredths of the cheapest. */
const plans = {
  small: [
    ['VIP', 0.15, 180],
    ['A', 0.4, 130],
    ['B', 0.45, 100],
  ],
  large: [
    ['VIP', 0.1, 220],
    ['A', 0.2, 160],
    ['B', 0.25, 130],
    ['C', 0.25, 115],
    ['D', 0.2, 100],
  ],
} as const

/** An event that sold out is a small one: each of its seats needs a ticket. */
const seatsFor = (random: Random, status: string) =>
  status === 'SOLD_OUT' ? random.between(50, 58) : random.between(50, 200)

/** The seats of all events, best first within each. */
export function makeSeats(random: Random, events: Row[]): Row[] {
  const seats = events.flatMap((event) => {
    const count = seatsFor(random, event.status ?? '')
    const width = random.between(8, 14)
    return (count < 110 ? plans.small : plans.large).flatMap(
      ([section, share, percent], i, plan) => {
        const before = plan.slice(0, i).reduce((sum, [, part]) => sum + Math.floor(count * part), 0)
        const own = i === plan.length - 1 ? count - before : Math.floor(count * share)
        const price = Math.round((Number(event.base_price) * percent) / 1000) * 10 - 1
        return Array.from({ length: own }, (_, at) => ({
          event_id: event.event_id ?? '',
          section,
          row: String(Math.floor(at / width) + 1),
          seat_number: String((at % width) + 1),
          price: amountText(price * 100),
        }))
      },
    )
  })
  return seats.map((seat, i) => ({ seat_id: String(i + 1), ...seat }))
}
