import { priceOf } from '../../functions/orders/money.ts'
import { importOrders, type ImportedOrder } from '../../functions/orders/import.ts'
import { importPayments } from '../../functions/payments/import.ts'
import { importTickets } from '../../functions/tickets/import.ts'
import type { Row } from '../form.ts'
import { idOf } from '../ids.ts'
import type { Places } from '../judge/places.ts'
import type { Items } from '../judge/rows.ts'
import { acceptedOf, newOf, referredTo, type Judged, type Verdict } from '../judge/verdicts.ts'
import type { Owners } from '../owners.ts'
import type { Progress } from '../progress.ts'
import { shifted } from '../shift.ts'

const rowsAtOnce = 1000

type Context = { currency: string; shiftSeconds: number; places: Places }

/** Writes the orders with a line for each of their tickets. */
export async function writeOrders(
  { databases }: Owners,
  progress: Progress,
  judged: Judged,
  context: Context,
): Promise<void> {
  const ticketsOf = Map.groupBy(acceptedOf(judged.tickets), ({ item }) => item.order)
  const paymentOf = new Map(acceptedOf(judged.payments).map(({ item, id }) => [item.order, id]))
  await progress.inPieces('orders', newOf(judged.orders), rowsAtOnce, (piece) =>
    importOrders(
      databases.orders,
      piece.map((order) => ({
        ...orderRow(order, judged, context),
        paymentId: paymentOf.get(order.item.number) ?? null,
        ...linesOf(ticketsOf.get(order.item.number) ?? [], judged, context),
      })),
    ),
  )
}

/** What an order's own row says. An order that was paid and not confirmed stays so for ever: it is history. */
function orderRow(
  { id, item, original, flags }: Verdict<Items['orders']>,
  { events }: Judged,
  { currency, shiftSeconds }: Context,
) {
  const event = referredTo(events, item.event)
  const open = item.paymentStatus === 'SUCCESS' ? ('PAID' as const) : ('PENDING' as const)
  return {
    id,
    externalId: String(item.number),
    buyerId: idOf('users', item.user),
    eventId: event.id,
    eventTitle: event.item.title,
    startsAt: shifted(event.item.startsAt, shiftSeconds),
    status: item.status === 'CREATED' ? open : item.status,
    currency,
    totalMinor: item.totalMinor,
    paymentStatus: item.paymentStatus,
    createdAt: item.createdAt,
    imported: { row: original as Row, flags },
  }
}

/** The lines of an order, what they cost and the tax on it, whatever its row says of the total. */
function linesOf(
  tickets: Verdict<Items['tickets']>[],
  { seats }: Judged,
  { places }: Context,
): Pick<ImportedOrder, 'lines' | 'subtotalMinor' | 'taxMinor'> {
  const lines = tickets.map(({ item }) => {
    const seat = referredTo(seats, item.seat)
    return {
      seatId: seat.id,
      label: places.get(seat.id)?.label ?? '',
      section: seat.item.section,
      row: seat.item.row,
      number: seat.item.seatNumber,
      priceMinor: item.pricePaidMinor,
    }
  })
  const { subtotalMinor, taxMinor } = priceOf(lines.map(({ priceMinor }) => priceMinor))
  return { lines, subtotalMinor, taxMinor }
}

/** Writes the tickets; those in `live` let somebody in. */
export const writeTickets = (
  { databases }: Owners,
  progress: Progress,
  judged: Judged,
  { live, places }: { live: ReadonlySet<string>; places: Places },
): Promise<void> =>
  progress.inPieces('tickets', newOf(judged.tickets), rowsAtOnce, (piece) =>
    importTickets(
      databases.tickets,
      piece.map(({ id, item, original, flags }) => {
        const order = referredTo(judged.orders, item.order)
        const seatId = idOf('seats', item.seat)
        return {
          id,
          externalId: String(item.number),
          orderId: order.id,
          eventId: idOf('events', item.event),
          seatId,
          holderId: idOf('users', order.item.user),
          label: places.get(seatId)?.label ?? '',
          status: live.has(id) ? ('ACTIVE' as const) : ('CANCELLED' as const),
          issuedAt: order.item.createdAt,
          imported: { row: original as Row, flags },
        }
      }),
    ),
  )

/** Writes the payments. Rejects one whose order has another payment that no file of the set names. */
export const writePayments = (
  { databases }: Owners,
  progress: Progress,
  judged: Judged,
  currency: string,
): Promise<void> =>
  progress.inPieces('payments', newOf(judged.payments), rowsAtOnce, async (piece) => {
    const rows = piece.map(({ id, item: { number, order, ...payment }, original, flags }) => ({
      id,
      externalId: String(number),
      orderId: idOf('orders', order),
      payerId: idOf('users', referredTo(judged.orders, order).item.user),
      currency,
      ...payment,
      imported: { row: original as Row, flags },
    }))
    const present = await importPayments(databases.payments, rows)
    for (const { id, reasons } of piece) if (!present.has(id)) reasons.push('second-payment')
  })
