import { findImportedEvents, findImportedVenues } from '../functions/catalog/import.ts'
import { findImportedOrders } from '../functions/orders/import.ts'
import { findImportedPayments } from '../functions/payments/import.ts'
import { findImportedSeats } from '../functions/seating/import.ts'
import { findImportedTickets } from '../functions/tickets/import.ts'
import { findImportedUsers } from '../functions/users/import.ts'
import type { Source, Sources } from './csv.ts'
import { form, type Name, type Row } from './form.ts'
import { idOf } from './ids.ts'
import type { KnownPlace } from './judge/places.ts'
import type { KnownOrder } from './judge/set.ts'
import type { Known } from './judge/verdicts.ts'
import type { Owners } from './owners.ts'
import { inPieces } from './progress.ts'

/** A question names so many ids at a time. */
const idsMax = 5000

/** What earlier imports left of these users, by id. */
export async function findKnownUsers({ databases, seals }: Owners, sources: Source[]) {
  const rows = await inPieces(idsOf('users', sources), idsMax, async (ids) => [
    ...(await findImportedUsers(databases.users, seals.users, ids)),
  ])
  return new Map<string, Known>(rows.map(([id, row]) => [id, { row }]))
}

/** What earlier imports left of all other files, by id. */
export async function findKnown({ databases }: Owners, sources: Sources) {
  const find = <Found>(name: Name, ask: (ids: string[]) => Promise<Found[]>) =>
    inPieces(idsOf(name, sources[name]), idsMax, ask)
  const [venues, events, seats, orders, tickets, payments] = await Promise.all([
    find('venues', (ids) => findImportedVenues(databases.catalog, ids)),
    find('events', (ids) => findImportedEvents(databases.catalog, ids)),
    find('seats', (ids) => findImportedSeats(databases.seating, ids)),
    find('orders', (ids) => findImportedOrders(databases.orders, ids)),
    find('tickets', (ids) => findImportedTickets(databases.tickets, ids)),
    find('payments', (ids) => findImportedPayments(databases.payments, ids)),
  ])
  return {
    set: {
      users: new Map<string, Known>(),
      venues: byId(venues, knownOf),
      events: byId(events, knownOf),
      seats: byId(seats, knownOf),
      orders: byId(orders, (order): KnownOrder => ({ ...order.imported, seatIds: order.seat_ids })),
      tickets: byId(tickets, knownOf),
      payments: byId(payments, knownOf),
    },
    shifts: byId(events, ({ shift_seconds }) => Number(shift_seconds)),
    places: byId(seats, ({ label, order_id }): KnownPlace => ({ label, orderId: order_id })),
  }
}

const knownOf = ({ imported }: { imported: { row: Row; flags: string[] } }): Known => imported

const byId = <Found extends { id: string }, Kept>(found: Found[], kept: (one: Found) => Kept) =>
  new Map(found.map((one) => [one.id, kept(one)]))

/** The first column is the number. */
const idsOf = (name: Name, sources: Source[]): string[] =>
  sources.flatMap(({ row }) => {
    const number = Number(row?.[form[name][0]])
    return Number.isSafeInteger(number) ? [idOf(name, number)] : []
  })
