import type { EventType } from '../../contracts/events.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import { answerOf, type Answer } from './answers.ts'
import type { Deps } from './deps.ts'
import { waitsForBuyer, type Order } from './order.ts'
import { decide, isOver, isRecoveryPoint, isSettled, type Effect, type Input } from './saga.ts'
import { giveUpSeats, steps } from './steps.ts'
import { findOrder } from './store/orders.ts'
import type { Due, Stored } from './store/settle.ts'
import { snapshotOf } from './views.ts'

const stepsMax = 12

/** The order as it stands, and the answer that was kept with it, where this call stored it. */
export type Driven = { order: Order; answer: Answer | undefined }

/**
 * Takes an order through the table for as long as it can go on by itself, and stores where it stands then:
 * at an end, at a point where somebody else has to act, or at a step without an answer, which the sweep asks
 * again. A recovery point is stored before its steps begin.
 *
 * Any number of these may run for one order at once: after a crash, a repeated request, a late event. The
 * steps are idempotent, and of two that store only the first does; the other goes by what was stored.
 */
export async function drive(
  deps: Deps,
  start: Order,
  first: Input,
  { isRequest = false } = {},
): Promise<Driven> {
  let stored = start
  let order = start
  let input = first
  for (let step = 0; step < stepsMax; step++) {
    const { state, effects } = decide(order, input)
    order = { ...order, ...state }
    const effect = effects.find(isAsking)
    if (!effect || isRecoveryPoint(stored, order)) {
      const kept = await store(deps, { stored, order, input, isRequest })
      if (kept.outcome === 'event-cancelled') {
        input = { type: 'event-cancelled' }
        order = { ...order, status: 'PAID' }
        continue
      }
      if (kept.outcome === 'moved') return afterOther(deps, kept, input)
      // payments takes it from here: the order's event asks for the money
      if (!effect || isAskedOverEvents(order, input)) {
        await giveUp(deps, order, effects)
        return kept
      }
      stored = order = kept.order
    }
    failpoint(`orders.before-${effect}`)
    const [result] = await Promise.all([steps[effect](deps, order), giveUp(deps, order, effects)])
    failpoint(`orders.after-${effect}`)
    order = result.order
    input = result.input
  }
  throw new Error('the saga goes in circles')
}

/** An effect whose answer is the next input. */
const isAsking = (effect: Effect): effect is keyof typeof steps => effect in steps

/** Only once the end is stored: a hold that is given up sells nothing any more. */
const giveUp = async (deps: Deps, order: Order, effects: readonly Effect[]) => {
  if (effects.includes('free') || effects.includes('release')) await giveUpSeats(deps, order)
}

/** Another has moved the order meanwhile. Where it ended it, what took effect here since is undone. */
async function afterOther(deps: Deps, { order }: Driven, input: Input): Promise<Driven> {
  const isUndone = isOver(order) && decide(order, input).effects.length > 0
  return isUndone ? drive(deps, order, input) : { order, answer: undefined }
}

const isAskedOverEvents = ({ isAsync, means, totalMinor }: Order, input: Input) =>
  isAsync && means !== null && totalMinor > 0 && input.type === 'reserved'

type Keeping = { stored: Order; order: Order; input: Input; isRequest: boolean }
type Kept = Driven & { outcome: Stored }

/** Stores where the order stands, with its answer and its event; gives it as it is stored. */
async function store(deps: Deps, { stored, order, input, isRequest }: Keeping): Promise<Kept> {
  const isConfirmed = order.status === 'CONFIRMED'
  const next = {
    ...order,
    version: stored.version + 1,
    confirmedAt: isConfirmed ? (order.confirmedAt ?? new Date()) : order.confirmedAt,
  }
  const told = tell(deps, stored, next, input)
  const answer = answerOf(next)
  failpoint('orders.before-store')
  const outcome = await deps.settle({
    order: next,
    fromVersion: stored.version,
    due: dueOf(next, input),
    // "Not yet" is kept only where it was said; what the sweep finds out later is the better answer.
    answer: answer.status === 202 && !isRequest ? null : answer,
    told,
  })
  failpoint('orders.stored')
  if (outcome === 'stored') {
    if (told) deps.outbox.send([told])
    if (stored.status !== next.status) deps.counted.inc({ status: next.status })
    void deps.redis.attempt((client) => client.publish(channelOf(next.id), String(next.version)))
    return { order: next, answer, outcome }
  }
  if (outcome === 'event-cancelled') return { order: stored, answer: undefined, outcome }
  const latest = await findOrder(deps.database, order.id)
  if (!latest) throw new Problem('not-found', `There is no order ${order.id}`)
  return { order: latest, answer: undefined, outcome }
}

/** Watchers of one order listen here. */
export const channelOf = (orderId: string) => `order:{${orderId}}`

function tell(deps: Deps, before: Order, after: Order, input: Input) {
  if (before.status === 'PENDING' && after.means && isAskedOverEvents(after, input))
    return deps.outbox.row('dev.boxoffice.payment.requested.v1', after.id, {
      orderId: after.id,
      payerId: after.buyerId,
      amount: { amountMinor: after.totalMinor, currency: after.currency },
      means: after.means,
    })
  const type = before.status === after.status ? undefined : endings[after.status]
  return type ? deps.outbox.row(type, after.id, snapshotOf(after)) : null
}

const endings: Partial<Record<Order['status'], OrderEvent>> = {
  CONFIRMED: 'dev.boxoffice.order.confirmed.v1',
  FAILED: 'dev.boxoffice.order.failed.v1',
  EXPIRED: 'dev.boxoffice.order.cancelled.v1',
  CANCELLED: 'dev.boxoffice.order.cancelled.v1',
}
type OrderEvent = Extract<EventType, `dev.boxoffice.order.${string}`>

/** When the sweep looks after an order that stands as it does. No clock is asked here: Postgres works it out. */
function dueOf(order: Order, input: Input): Due | null {
  // tickets answers within a moment; otherwise it is told again
  if (order.status === 'CONFIRMED') return order.areTicketsIssued ? null : 15
  if (input.type === 'unknown') return 'backing-off'
  if (isSettled(order) || order.status === 'REFUNDING') return null
  // no event says that the payer has to approve it: asking again does
  if (isAskedOverEvents(order, input)) return 5
  return waitsForBuyer(order) ? 'after-hold' : 30
}
