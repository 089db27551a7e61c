import { Problem, problemBody } from '../_runtime/problem.ts'
import type { Order } from './order.ts'
import { outlookOf, problemCodeOf } from './outlook.ts'
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

/**
 * What a request is told that cannot go on with an order which is written: it is not settled, and is taken up
 * without it.
 */
export const acceptedOf = (order: Order): Answer => ({ ...answerOf(order), status: 202 })

/** An order that was placed without means has all that it can have by now; its buyer pays next. */
const isWaiting = (order: Order) =>
  order.status === 'PENDING' ||
  order.status === 'PAID' ||
  (order.status === 'HELD' && (order.means !== null || order.isAsync))

function problemOf(order: Order): Problem | undefined {
  const code = problemCodeOf(order)
  return code && new Problem(code, outlookOf(order), { orderId: order.id, reason: order.reason })
}
