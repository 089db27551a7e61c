import type { EventType } from '../../contracts/events.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import { answerOf, type Answer } from './answers.ts'
import type { Deps } from './deps.ts'
import { waitsForBuyer, type Order } from './order.ts'
import { decide, isSettled, phaseOf, type Input } from './saga.ts'
import { steps } from './steps.ts'
import { findOrder } from './store/orders.ts'
import { snapshotOf } from './views.ts'

const stepsMax = 12

/** The order as it stands, and the answer that was kept with it, where this call stored it. */
export type Driven = { order: Order; answer: Answer | undefined }

/**
 * Takes an order through the table for as long as it can go on by itself, and stores where it stands then:
 * at an end, at a point where somebody else has to act, or at a step without an answer, which the sweep asks
 * again. What must be known before a step begins (that money is to be made whole) is stored before it.
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
    const { state, effect } = decide(order, input)
    order = { ...order, ...state }
    const keep = () => store(deps, { stored, order, input, isRequest })

    // payments takes it from here: the order's event asks for the money
    if (order.isAsync && order.means && input.type === 'reserved') return keep()
    if (effect === 'release') return (await Promise.all([keep(), steps.release(deps, order)]))[0]
    if (effect === null || effect === 'refund') {
      const kept = await keep()
      if (!isLate(order, kept.order)) return kept
      input = { type: 'event-cancelled' }
      order = { ...order, status: 'PAID' }
      continue
    }
    if (phaseOf(order) === 'CLOSING' && phaseOf(stored) !== 'CLOSING') {
      const kept = await keep()
      stored = order = kept.order
      if (phaseOf(stored) !== 'CLOSING') return kept
    }
    failpoint(`orders.before-${effect}`)
    const result = await steps[effect](deps, order)
    failpoint(`orders.after-${effect}`)
    order = result.order
    input = result.input
  }
  throw new Error('the saga goes in circles')
}

/** The statement that confirms looks at the event once more, and leaves the order where it was. */
const isLate = (order: Order, kept: Order) => order.status === 'CONFIRMED' && kept.status === 'HELD'

type Keeping = { stored: Order; order: Order; input: Input; isRequest: boolean }

/** Stores where the order stands, with its answer and its event; gives it as it is stored. */
async function store(deps: Deps, { stored, order, input, isRequest }: Keeping): Promise<Driven> {
  const isConfirmed = order.status === 'CONFIRMED'
  const next = {
    ...order,
    version: stored.version + 1,
    confirmedAt: isConfirmed ? (order.confirmedAt ?? new Date()) : order.confirmedAt,
  }
  const told = tell(deps, stored, next)
  const answer = answerOf(next)
  const outcome = await deps.settle({
    order: next,
    fromVersion: stored.version,
    dueSeconds: dueSeconds(next, input),
    // "Not yet" is kept only where it was said; what the sweep finds out later is the better answer.
    answer: answer.status === 202 && !isRequest ? null : answer,
    told,
  })
  if (outcome === 'stored') {
    if (told) deps.outbox.send([told])
    if (stored.status !== next.status) deps.counted.inc({ status: next.status })
    void deps.redis.attempt((client) => client.publish(channelOf(next.id), String(next.version)))
    return { order: next, answer }
  }
  if (outcome === 'event-cancelled') return { order: stored, answer: undefined }
  const latest = await findOrder(deps.database, order.id)
  if (!latest) throw new Problem('not-found', `There is no order ${order.id}`)
  return { order: latest, answer: undefined }
}

/** Watchers of one order listen here. */
export const channelOf = (orderId: string) => `order:{${orderId}}`

function tell(deps: Deps, before: Order, after: Order) {
  if (after.isAsync && before.status === 'PENDING' && after.status === 'HELD' && after.means)
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

/** How long the order may stand as it is before the sweep looks after it. */
function dueSeconds(order: Order, input: Input): number | null {
  const secondsSince = (time: Date) => (Date.now() - time.getTime()) / 1000
  // tickets answers within a moment; otherwise it is told again
  if (order.status === 'CONFIRMED') return order.areTicketsIssued ? null : 15
  if (isSettled(order) || order.status === 'REFUNDING') return null
  if (phaseOf(order) === 'CLOSING' && input.type !== 'unknown') return 30
  if (input.type === 'unknown') return Math.min(60, Math.max(2, secondsSince(order.createdAt) / 4))
  // until the hold is surely over
  if (waitsForBuyer(order) && order.holdExpiresAt)
    return Math.max(60, 60 - secondsSince(order.holdExpiresAt))
  return 30
}
