import { Problem, problemBody } from '../_runtime/problem.ts'
import type { Order } from './order.ts'
import { phaseOf } from './saga.ts'
import { presentOrder } from './views.ts'

/** An answer as it is sent and kept, so that a repeated request gets the same bytes. */
export type Answer = { status: number; headers: Record<string, string>; body: string }

/** What the request that placed the order is told, now that the order stands as it does. */
export function answerOf(order: Order): Answer {
  const problem = problemOf(order)
  if (problem) {
    const body = problemBody(problem, '/v1/orders')
    return {
      status: problem.status,
      headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify(body),
    }
  }
  return {
    status: isWaiting(order) ? 202 : 201,
    headers: { 'content-type': 'application/json', location: `/v1/orders/${order.id}` },
    body: JSON.stringify(presentOrder(order)),
  }
}

/** An order that was placed without means has all that it can have by now; its buyer pays next. */
const isWaiting = (order: Order) =>
  order.status === 'PENDING' ||
  order.status === 'PAID' ||
  (order.status === 'HELD' && (order.means !== null || order.isAsync))

function problemOf(order: Order): Problem | undefined {
  const { id: orderId, reason } = order
  const end = phaseOf(order) === 'CLOSING' ? order.closing : order.status
  if (end === 'EXPIRED' || end === 'CANCELLED')
    return new Problem(
      'hold-lost',
      'The order came to its end before it was paid; nothing was charged',
      {
        orderId,
        reason,
      },
    )
  if (end !== 'FAILED') return undefined
  if (reason === 'seats-lost' || reason === 'event-cancelled' || reason === 'voided')
    return new Problem(
      'seats-lost',
      'The seats could not be had any more; what was paid goes back',
      {
        orderId,
        reason,
      },
    )
  return new Problem(
    'payment-declined',
    `The payment was declined: ${reason}. The seats are free again`,
    {
      orderId,
      reason,
    },
  )
}
