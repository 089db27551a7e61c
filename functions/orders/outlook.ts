import type { ProblemCode } from '../../contracts/problems.ts'
import { waitsForBuyer, type Order } from './order.ts'
import { phaseOf, type Phase } from './saga.ts'

/**
 * What its buyer is told: in one or two sentences where his order stands, where his money is, and what happens next
 * or what he can do. Nobody is told that nothing was charged while that is not sure.
 */
export function outlookOf(order: Order): string {
  if (order.isImported) return 'This order comes from an older system and is kept as it was.'
  return sentences[phaseOf(order)](order)
}

const sentences: Record<Phase, (order: Order) => string> = {
  PENDING: () => 'Your seats are being asked for, and nothing is charged before you have them.',
  HELD: heldOf,
  PAID: () =>
    'You have paid and your seats are being booked. You get your tickets, or all your money back.',
  CLOSING: (order) => `${endOf(order)} Whatever was charged goes back in full.`,
  CONFIRMED: (order) =>
    [
      order.areTicketsIssued
        ? 'The seats are yours and your tickets are ready.'
        : 'The seats are yours. Your tickets follow in a moment.',
      ...(order.isRefundDue ? ['Money for seats that you gave back is on its way to you.'] : []),
    ].join(' '),
  REFUNDING: (order) => `${givenBackOf(order)} Your money is on its way back to you.`,
  REFUNDED: (order) => `${givenBackOf(order)} Your money went back in full.`,
  FAILED: overOf,
  EXPIRED: overOf,
  CANCELLED: overOf,
}

function heldOf(order: Order): string {
  if (!waitsForBuyer(order))
    return 'Your seats are held and your payment is on its way. You get your tickets, or all your money back.'
  if (order.payment?.nextActionUrl)
    return 'Your bank asks you to approve the payment on its page. Your tickets follow once you have, and nothing stays charged if you do not.'
  if (order.means)
    return 'Your seats are held and your bank has not decided yet. You get your tickets, or all your money back.'
  return 'Your seats are held for you. Pay before the hold ends, if you have not; then your tickets follow.'
}

const givenBackOf = ({ reason }: Order): string =>
  reason === 'event-cancelled' ? 'The event was cancelled.' : 'You gave the order back.'

function overOf(order: Order): string {
  return `${endOf(order)} ${moneyOf(order)} ${adviceOf(order)}`
}

/** Of an order that came to nothing, or is about to. */
function endOf(order: Order): string {
  const end = order.closing ?? order.status
  if (end === 'EXPIRED') return 'The time to pay ran out.'
  if (end === 'CANCELLED') return 'The order was cancelled.'
  const { reason } = order
  if (isDeclined(order)) return `The payment was declined: ${reason ?? 'declined'}.`
  return (reason !== null && ends[reason]) || 'The order could not be completed.'
}

const ends: Record<string, string> = {
  'seats-lost': 'Somebody else got the seats before your payment was through.',
  'event-cancelled': 'The event was cancelled.',
  'event-not-on-sale': 'Seats of this event cannot be had at the moment.',
  voided: 'The order was ended before it was paid.',
  'seat-taken': 'Somebody else has at least one of the seats.',
  'not-enough-seats': 'There were not enough seats left.',
  'buyer-limit': 'You would have had more seats of this event than one buyer may have.',
  'hold-lost': 'The hold on the seats is over.',
  'not-found': 'The event has no such seats.',
}

/** An order that is over holds no money, unless some came late and is still to go back. */
function moneyOf({ payment, refundedMinor }: Order): string {
  if (refundedMinor > 0 || payment?.status === 'REFUNDED')
    return 'What was charged went back in full.'
  if (payment && payment.status !== 'FAILED' && payment.status !== 'PENDING')
    return 'A payment arrived afterwards; it goes back in full.'
  return 'Nothing was charged.'
}

function adviceOf(order: Order): string {
  if (isDeclined(order)) return 'The seats are free again: order again, with other means.'
  if (order.reason === 'event-cancelled') return 'Choose another event.'
  return 'Choose seats and order again.'
}

const isDeclined = ({ status, reason, payment }: Order) =>
  status === 'FAILED' && payment?.status === 'FAILED' && !(reason !== null && reason in ends)

/** The problem that an order which came to nothing is answered with; undefined for any other. */
export function problemCodeOf(order: Order): ProblemCode | undefined {
  const end = order.closing ?? order.status
  if (end === 'EXPIRED' || end === 'CANCELLED') return 'hold-lost'
  if (end !== 'FAILED') return undefined
  if (isDeclined(order)) return 'payment-declined'
  return (order.reason !== null && codes[order.reason]) || 'hold-lost'
}

const codes: Record<string, ProblemCode> = {
  'seats-lost': 'seats-lost',
  'event-cancelled': 'seats-lost',
  'event-not-on-sale': 'event-not-on-sale',
  'seat-taken': 'seat-taken',
  'not-enough-seats': 'not-enough-seats',
  'buyer-limit': 'buyer-limit',
  'not-found': 'not-found',
}
