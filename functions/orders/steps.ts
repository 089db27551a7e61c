import type { Route } from '../../contracts/route.ts'
import {
  charge,
  findPayment,
  prepareIntent,
  voidPayment,
  type Payment,
} from '../../contracts/payments.ts'
import { allocateSeats, holdForOrder, releaseHold, type Hold } from '../../contracts/seating.ts'
import { CallFailed, type Called, type Calls } from '../_runtime/calls.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { priceOf } from './money.ts'
import type { Order } from './order.ts'
import type { Effect, Input } from './saga.ts'
import { fillOrder } from './store/orders.ts'

/** What a step brought: the input for the table, and what is known of the order since. */
export type Result = { input: Input; order: Order }

type Perform = (deps: Deps, order: Order) => Promise<Result>

/**
 * The effects of the table, each a call that is idempotent by the order's id. A refusal is an input of its own;
 * no answer, or one that says nothing about the request, is `unknown`.
 */
export const steps: Record<Exclude<Effect, 'refund' | 'release' | 'free'>, Perform> = {
  async reserve(deps, order) {
    const { id: orderId, eventId, buyerId } = order
    const { holdId = orderId, ...choice } = order.choice ?? {}
    const body = {
      eventId,
      orderId,
      buyerId,
      ...choice,
      ...(order.choice?.holdId ? { holdId } : {}),
    }
    const asked = await ask(deps.calls, holdForOrder, { params: { id: holdId }, body })
    if (asked === undefined) return unknown(order)
    if (asked instanceof Problem) return { order, input: { type: 'refused', reason: asked.code } }
    return reserved(deps, order, asked.body)
  },

  async charge(deps, order) {
    const { id: orderId, buyerId: payerId, totalMinor, currency, means } = order
    const amount = { amountMinor: totalMinor, currency }
    if (totalMinor === 0) return { order, input: { type: 'paid' } }
    if (!means) {
      const params = { id: orderId }
      const intent = await ask(deps.calls, prepareIntent, {
        params,
        body: { orderId, payerId, amount },
      })
      if (intent === undefined || intent instanceof Problem) return unknown(order)
      return { order: { ...order, payment: pendingPayment }, input: { type: 'action' } }
    }
    const paid = await ask(deps.calls, charge, {
      headers: { 'idempotency-key': orderId },
      body: { orderId, payerId, amount, means },
    })
    if (paid === undefined) return unknown(order)
    if (!(paid instanceof Problem)) return charged(order, paid.body)
    if (paid.code !== 'payment-declined') return { order, input: { type: 'voided' } }
    const reason = typeof paid.facts.reason === 'string' ? paid.facts.reason : 'declined'
    return { order: failedPayment(order, paid), input: { type: 'declined', reason } }
  },

  async find(deps, order) {
    const found = await ask(deps.calls, findPayment, { params: { orderId: order.id } })
    if (found === undefined) return unknown(order)
    if (found instanceof Problem) return { order, input: { type: 'unpaid' } }
    const { status } = found.body
    return {
      order: withPayment(order, found.body),
      input: { type: status === 'SUCCESS' ? 'paid' : 'unpaid' },
    }
  },

  async allocate(deps, order) {
    const { id: orderId, holdId, eventId, lines } = order
    const seatIds = lines.map(({ seatId }) => seatId)
    const sold = await ask(deps.calls, allocateSeats, {
      body: { eventId, orderId, holdId, seatIds },
    })
    if (sold === undefined) return unknown(order)
    if (!(sold instanceof Problem)) return { order, input: { type: 'allocated' } }
    return {
      order,
      input: { type: sold.code === 'event-not-on-sale' ? 'event-cancelled' : 'lost' },
    }
  },

  async void(deps, order) {
    const voided = await ask(deps.calls, voidPayment, { body: { orderId: order.id } })
    if (voided === undefined || voided instanceof Problem) return unknown(order)
    const { payment } = voided.body
    const isWhole = payment?.status === 'REFUNDED'
    const known = payment ? withPayment(order, payment) : order
    return {
      order: isWhole ? { ...known, refundedMinor: order.totalMinor } : known,
      input: { type: 'made-whole' },
    }
  },
}

/**
 * Ends the order's hold for ever, and takes back what was sold of it. Nobody waits for its answer: the
 * CloudEvent of the order's end says the same.
 */
export async function giveUpSeats(deps: Deps, order: Order): Promise<void> {
  const { id: orderId, holdId } = order
  const given = await ask(deps.calls, releaseHold, { params: { id: holdId }, query: { orderId } })
  if (given === undefined || given instanceof Problem)
    deps.log.warn({ orderId }, 'the seats are given up by the CloudEvent instead')
}

/** When the order's hold ends: null where it is over, undefined where nobody answered. Only seating knows. */
export async function endOfHold(deps: Deps, order: Order): Promise<Date | null | undefined> {
  const { id: orderId, holdId, eventId, buyerId } = order
  // By its name: asked for by its seats, a key that Redis still has of another hold would speak for it.
  const body = { eventId, orderId, buyerId, holdId }
  const asked = await ask(deps.calls, holdForOrder, { params: { id: holdId }, body })
  if (asked === undefined || asked instanceof Problem) return asked && null
  return new Date(asked.body.expiresAt)
}

/** The order with what was held for it. */
export async function reserved(deps: Deps, order: Order, hold: Hold): Promise<Result> {
  const filled = withHold(order, hold)
  await fillOrder(deps.database, filled)
  return { order: filled, input: { type: 'reserved' } }
}

/** The hold's seats become the order's lines, at the hold's prices. */
export const withHold = (order: Order, hold: Hold): Order => ({
  ...order,
  holdId: hold.holdId,
  holdExpiresAt: new Date(hold.expiresAt),
  currency: hold.total.currency,
  ...priceOf(hold.seats.map(({ price }) => price.amountMinor)),
  lines: hold.seats.map(({ id, price, ...seat }) => ({
    seatId: id,
    ...seat,
    priceMinor: price.amountMinor,
    isRefunded: false,
  })),
})

/** Undefined where the answer is not known: nobody answered, or only the moment was bad. */
async function ask<R extends Route>(
  calls: Calls,
  route: R,
  given: Parameters<typeof calls<R>>[1],
): Promise<Called<R> | Problem | undefined> {
  try {
    return await calls(route, given)
  } catch (err) {
    if (err instanceof CallFailed) return undefined
    if (!(err instanceof Problem)) throw err
    return err.status >= 500 || err.status === 429 || err.status === 401 ? undefined : err
  }
}

const unknown = (order: Order): Result => ({ order, input: { type: 'unknown' } })

const pendingPayment = { id: null, status: 'PENDING', nextActionUrl: null } as const

function charged(order: Order, payment: Payment): Result {
  const known = withPayment(order, payment)
  return { order: known, input: { type: payment.status === 'PENDING' ? 'action' : 'paid' } }
}

/** The order with what is known of its payment. */
export const withPayment = (order: Order, { id, status, nextAction }: Payment): Order => ({
  ...order,
  payment: { id, status, nextActionUrl: nextAction?.url ?? null },
})

const failedPayment = (order: Order, problem: Problem): Order => {
  const payment = problem.facts.payment as Partial<Payment> | undefined
  return { ...order, payment: { id: payment?.id ?? null, status: 'FAILED', nextActionUrl: null } }
}
