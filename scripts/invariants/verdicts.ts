import { priceOf } from '../../functions/orders/money.ts'
import type { Dossier, OrderRow, PaymentRow } from './dossier.ts'
import type { Title } from './titles.ts'

export type Verdict = { title: Title; facts: { orderId: string } & Record<string, unknown> }

/** What is wrong with what is known of an order. Imported history is not judged. */
export function judge(dossier: Dossier, { hasLedger }: { hasLedger: boolean }): Verdict[] {
  const { id: orderId, order, payments } = dossier
  if (order?.isImported || payments.some(({ isImported }) => isImported)) return []
  const verdicts: Verdict[] = []
  const say = (title: Title, facts: Record<string, unknown> = {}) =>
    void verdicts.push({ title, facts: { orderId, ...facts } })
  const sides = { ...dossier, say, hasLedger }
  if (!order) nobodysOrder(sides)
  if (order) {
    costs(order, say)
    if (isOver(order)) agreed(sides, order)
  }
  payments.forEach((payment) => booksOf(sides, payment))
  if (hasLedger) alone(sides)
  return verdicts
}

type Say = (title: Title, facts?: Record<string, unknown>) => void
type Sides = Dossier & { say: Say; hasLedger: boolean }

/** While an order is on its way, whatever belongs to it may be a step ahead or behind. */
const isOver = ({ status, closing }: OrderRow) =>
  closing === null && ['CONFIRMED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED'].includes(status)

const isSame = (some: readonly string[], others: readonly string[]) => some.join() === others.join()

function nobodysOrder({ payments, seats, tickets, ledger, say }: Sides): void {
  for (const { paymentId, status } of payments)
    say('a payment belongs to no order', { paymentId, status })
  if (seats.length > 0) say('seats belong to no order', { seatIds: seats })
  if (tickets.length > 0) say('tickets belong to no order', { seatIds: tickets })
  if (ledger) say('a charge belongs to no order', { ...ledger })
}

/** An order's own sums. */
function costs(order: OrderRow, say: Say): void {
  const { subtotal, tax, total, refunded, linesTotal, livePrices, status } = order
  const isSum = subtotal === linesTotal && total === subtotal + tax
  const isRest = status !== 'CONFIRMED' || total - refunded === priceOf(livePrices).totalMinor
  if (!isSum || !isRest)
    say('the total of an order is not that of its lines', {
      status,
      subtotal,
      tax,
      total,
      refunded,
      linesTotal,
      livePrices,
    })
}

/** An order that came to its end, and what the others know of it. */
function agreed(sides: Sides, order: OrderRow): void {
  const { seats, tickets, holds, heard, messages, say } = sides
  const { status, live } = order
  if (status === 'CONFIRMED') {
    if (!isSame(seats, live))
      say('a confirmed order has other seats than its lines', { lines: live, allocated: seats })
    if (!isSame(tickets, live))
      say('a confirmed order has other tickets than seats', { lines: live, tickets })
    if (!order.areTicketsIssued) say('orders has not heard of its tickets', { heard })
    else if (messages === 0) say('no message tells of the tickets of an order')
  } else {
    if (seats.length > 0) say('an order that is over still has seats', { status, seatIds: seats })
    if (tickets.length > 0)
      say('an order that is not confirmed has live tickets', { status, seatIds: tickets })
    if (holds.length > 0) say('an order that is over still holds seats', { status, holdIds: holds })
  }
  if (heard !== status)
    say('tickets has not heard how an order ended', { status, heard: heard ?? null })
  paidFor(sides, order)
}

function paidFor({ payments: [payment], ledger, hasLedger, say }: Sides, order: OrderRow): void {
  if (order.isRefunding || payment?.isVoiding || (payment?.refundDue ?? 0) > 0) return
  const { status, total, refunded } = order
  const owed = status === 'CONFIRMED' ? total - refunded : 0
  const kept = payment ? capturedOf(payment) - payment.refunded : 0
  const witnessed = ledger ? ledger.takenMinor - ledger.backMinor : 0
  const isWitness = hasLedger && (payment?.provider ?? 'sandbox') === 'sandbox'
  if (status === 'CONFIRMED') {
    if (kept !== owed || (isWitness && witnessed !== owed))
      say('a confirmed order was not paid as much as it costs', {
        owed,
        kept,
        witnessed: isWitness ? witnessed : null,
      })
  } else if (kept > 0 || (isWitness && witnessed > 0))
    say('money is kept for an order that is over', {
      status,
      kept,
      witnessed: isWitness ? witnessed : null,
    })
  const isPaid = ['SUCCESS', 'PARTIALLY_REFUNDED'].includes(payment?.status ?? '')
  if (total > 0 && isPaid !== (status === 'CONFIRMED'))
    say('an order and its payment disagree on how it ended', {
      status,
      payment: payment?.status ?? null,
    })
}

/** Its end is still being asked for, or money is on its way back. */
const isMoving = ({ status, isVoiding, refundDue }: PaymentRow) =>
  status === 'PENDING' || isVoiding || refundDue > 0

const capturedOf = ({ status, amount }: PaymentRow) =>
  ['SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED'].includes(status) ? (amount ?? 0) : 0

function booksOf({ ledger, hasLedger, say }: Sides, payment: PaymentRow): void {
  const { paymentId, refunded, refundDue, refundsDone, refundsDue, provider, currency } = payment
  if (refunded !== refundsDone || refundDue !== refundsDue)
    say('a payment and its refunds differ', {
      paymentId,
      refunded,
      refundsDone,
      refundDue,
      refundsDue,
    })
  if (!hasLedger || provider !== 'sandbox' || isMoving(payment)) return
  const captured = capturedOf(payment)
  if (captured > 0 && !ledger)
    say('a payment took money that the ledger does not know', { paymentId, captured })
  else if (
    ledger &&
    (captured !== ledger.takenMinor ||
      refunded !== ledger.backMinor ||
      currency !== ledger.currency)
  )
    say('a payment and the ledger differ', { paymentId, captured, refunded, currency, ledger })
}

/** What the bank says by itself, whatever we know. */
function alone({ ledger, order, payments, say }: Sides): void {
  if (!ledger) return
  const { charges, takenMinor, backMinor } = ledger
  if (charges > 1) say('an order was charged more than once', { charges, takenMinor, backMinor })
  if (backMinor > takenMinor) say('more went back than came', { takenMinor, backMinor })
  // The money came and payments never wrote it down: orders asks again for as long as it is not over.
  if (order && isOver(order) && payments.length === 0 && takenMinor > backMinor)
    say('a payment and the ledger differ', { paymentId: null, takenMinor, backMinor })
}
