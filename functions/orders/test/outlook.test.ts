import * as assert from 'uvu/assert'
import { orderStatuses } from '../../../contracts/orders.ts'
import { paymentStatuses } from '../../../contracts/payments.ts'
import { placeOrder } from '../../../contracts/orders.ts'
import { describe } from '../../_runtime/test.ts'
import { acceptedOf, answerOf } from '../answers.ts'
import type { Order } from '../order.ts'
import { outlookOf } from '../outlook.ts'
import { phaseOf, transitions } from '../saga.ts'
import { presentOrder } from '../views.ts'

const id = '01a1fa2f-e3d2-7c40-bb5a-713a82fa6615'
const base: Order = {
  id,
  buyerId: id,
  eventId: id,
  eventTitle: 'A play',
  startsAt: null,
  status: 'HELD',
  closing: null,
  reason: null,
  holdId: id,
  holdExpiresAt: null,
  currency: 'INR',
  subtotalMinor: 50_000,
  taxMinor: 2500,
  totalMinor: 52_500,
  refundedMinor: 0,
  lines: [],
  means: null,
  choice: null,
  payment: null,
  createdAt: new Date(0),
  confirmedAt: null,
  areTicketsIssued: false,
  isRefundDue: false,
  isAsync: false,
  isImported: false,
  version: 1,
}

/** Every reason that the table, a refusal of seating or a provider can leave behind. */
const reasons = [
  null,
  ...new Set(transitions.flatMap(({ reason }) => reason ?? [])),
  'seat-taken',
  'not-enough-seats',
  'buyer-limit',
  'event-not-on-sale',
  'not-found',
  'hold-lost',
  'insufficient_funds',
  'card_declined',
  'a word nobody knows',
]
const closings = [null, 'FAILED', 'EXPIRED', 'CANCELLED'] as const
const payments: Order['payment'][] = [
  null,
  ...paymentStatuses.map((status) => ({ id, status, nextActionUrl: null })),
  { id, status: 'PENDING', nextActionUrl: 'https://bank.example/3ds' },
]
const cards: Order['means'][] = [null, { method: 'CARD', token: 'tok_ok' }]

/** Every order that a buyer can look at, as far as what he is told depends on it. */
const all = orderStatuses.flatMap((status) =>
  closings
    .filter((closing) => closing === null || status === 'HELD' || status === 'PAID')
    .flatMap((closing) =>
      reasons.flatMap((reason) =>
        payments.flatMap((payment) =>
          cards.flatMap((means) =>
            [0, 52_500].map((refundedMinor): Order =>
              Object.assign({}, base, { status, closing, reason, payment, means, refundedMinor }),
            ),
          ),
        ),
      ),
    ),
)

/** The bank was asked and has not said no, or it has taken the money and has not given it back. */
const mayHaveMoney = ({ status, closing, means, payment, refundedMinor }: Order): boolean => {
  if (closing) return true
  if (refundedMinor > 0 || payment?.status === 'REFUNDED') return true
  if (status === 'HELD' || status === 'PAID') return means !== null || status === 'PAID'
  if (['CONFIRMED', 'REFUNDING', 'REFUNDED'].includes(status)) return true
  return payment?.status === 'SUCCESS' || payment?.status === 'PARTIALLY_REFUNDED'
}

const show = (order: Order) =>
  `${phaseOf(order)} ${order.closing} ${order.reason} ${order.payment?.status} ${order.means?.token} ${order.refundedMinor}`

describe('what a buyer is told of his order', (it) => {
  it('is one to three whole sentences, whatever state it is in', () => {
    assert.ok(all.length > 1000)
    for (const order of all) {
      const next = outlookOf(order)
      assert.match(next, /^[A-Z][^.]{9,}\.( [A-Z][^.]+\.?[^.]*\.){0,3}$/, `${show(order)}: ${next}`)
      assert.not.match(next, /undefined|null|NaN/, show(order))
      assert.is(presentOrder(order).next, next)
    }
  })

  it('is never that nothing was charged while money may be with us, or went back', () => {
    for (const order of all)
      if (mayHaveMoney(order))
        assert.not.match(outlookOf(order), /nothing was charged/i, show(order))
  })

  it('says where the money is: on its way, back, or never taken', () => {
    for (const order of all.filter((one) => !['PENDING', 'CONFIRMED'].includes(phaseOf(one)))) {
      const isTold = /money|charged|payment|Pay before/.test(outlookOf(order))
      assert.ok(isTold, `${show(order)}: ${outlookOf(order)}`)
    }
  })

  it('says of an end whether it was the buyer, the bank, the event or somebody else', () => {
    const told = (change: Partial<Order>) => outlookOf({ ...base, ...change })
    const paid = { id, status: 'REFUNDED', nextActionUrl: null } as const
    const declined = { id, status: 'FAILED', nextActionUrl: null } as const
    assert.is(
      told({ status: 'FAILED', reason: 'seats-lost', payment: paid, refundedMinor: 52_500 }),
      'Somebody else got the seats before your payment was through. What was charged went back in full. Choose seats and order again.',
    )
    assert.is(
      told({ status: 'FAILED', reason: 'insufficient_funds', payment: declined }),
      'The payment was declined: insufficient_funds. Nothing was charged. The seats are free again: order again, with other means.',
    )
    assert.is(
      told({ status: 'HELD', closing: 'EXPIRED', reason: 'expired' }),
      'The time to pay ran out. Whatever was charged goes back in full.',
    )
    assert.is(
      told({ status: 'REFUNDING', reason: 'event-cancelled' }),
      'The event was cancelled. Your money is on its way back to you.',
    )
    assert.is(
      told({ status: 'CONFIRMED', areTicketsIssued: true, isRefundDue: true }),
      'The seats are yours and your tickets are ready. Money for seats that you gave back is on its way to you.',
    )
  })

  it('is the detail of the problem that the order is answered with, under a code of the contract', () => {
    for (const order of all) {
      const answer = answerOf(order)
      const body = JSON.parse(answer.body)
      if (answer.status < 300) assert.is(body.next, outlookOf(order))
      else {
        assert.equal([body.detail, body.orderId], [outlookOf(order), id])
        assert.ok((placeOrder.problems as readonly string[]).includes(body.code), body.code)
      }
      assert.ok([201, 202, 402, 404, 409].includes(answer.status), show(order))
    }
  })

  it('goes with 202 where a request cannot go on with an order that is written', () => {
    const { status, body } = acceptedOf({ ...base, means: cards[1] ?? null })
    assert.equal([status, JSON.parse(body).next.includes('all your money back')], [202, true])
  })
})
