import { eachOf } from '../at-once.ts'
import { insist, newPurchase } from '../purchase.ts'
import type { People } from '../people.ts'
import type { Sale } from '../sales.ts'
import type { Found } from './buyers.ts'

const seatsOfOrder = 10

/** A person who comes when all is over can buy every seat that is not sold, of every event that still stands. */
export async function checkMarket(people: People, sales: readonly Sale[]): Promise<Found[]> {
  const found: Found[] = []
  await eachOf(
    sales.filter(({ cancelledMs }) => cancelledMs === undefined),
    3,
    async (sale) => {
      const visitor = await people.person()
      const { body: map } = await visitor.ask('GET', `/v1/seats/map?eventId=${sale.eventId}`)
      const free = freeSeats(map)
      for (let at = 0; at < free.length; at += seatsOfOrder) {
        const seatIds = free.slice(at, at + seatsOfOrder)
        const fresh = await people.person()
        const payment = { method: 'CARD', token: 'tok_ok' }
        const limit = performance.now() + 20_000
        const purchase = newPurchase(fresh, sale, { seatIds, payment })
        const { status, text } = await insist(purchase, () => performance.now() > limit)
        if (status === 201) continue
        found.push({
          what: 'a seat that nobody has cannot be bought',
          facts: { eventId: sale.eventId, status, seatIds, text: text.slice(0, 500) },
        })
      }
    },
  )
  return found
}

/** Every seat that is neither sold nor kept back. */
const freeSeats = ({ ids, statuses }: { ids: string[]; statuses: string }): string[] =>
  ids.filter((_, i) => statuses[i] !== 'S' && statuses[i] !== 'B')
