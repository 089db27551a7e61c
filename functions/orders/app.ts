import { ordersAudit } from '../../contracts/audit.ts'
import * as contract from '../../contracts/orders.ts'
import { createFunctionApp } from '../_runtime/app.ts'
import { auditRoute } from '../_runtime/audit.ts'
import { debugRoutes } from '../_runtime/debug.ts'
import { readIdempotencyKey, requestHash } from '../_runtime/idempotency.ts'
import { isAdmin, on, userOf } from '../_runtime/on.ts'
import { onCall } from '../_runtime/on-call.ts'
import { personalDataRoutes } from '../_runtime/personal-data.ts'
import { Problem } from '../_runtime/problem.ts'
import { receive, type Reactions } from '../_runtime/receive.ts'
import { streamFeed } from '../_runtime/sse.ts'
import type { Caller } from '../_runtime/tokens.ts'
import { audited } from './acts.ts'
import { cancelOrder } from './cancel-order.ts'
import type { Deps } from './deps.ts'
import { personalData } from './personal.ts'
import { orderFeed } from './feed.ts'
import { placeOrder } from './place-order.ts'
import { refundFeed, refundProgress } from './refund-progress.ts'
import { refundOrder } from './refunds.ts'
import { readEventUse } from './store/events.ts'
import { findOrder, listOrders } from './store/orders.ts'
import { presentOrder } from './views.ts'

export function createApp(deps: Deps, reactions: Reactions) {
  const { database } = deps
  const app = createFunctionApp(deps)

  on(app, deps, contract.placeOrder, async (c, { body, headers, caller }) => {
    const {
      status,
      headers: kept,
      body: text,
      isReplayed,
    } = await placeOrder(deps, {
      buyerId: userOf(caller).id,
      key: readIdempotencyKey(headers['idempotency-key']),
      requestHash: requestHash('POST', '/v1/orders', body),
      body,
      isAsync: /(^|[\s,;])respond-async($|[\s,;])/.test(headers.prefer ?? ''),
    })
    return c.body(text, status as 201, {
      ...kept,
      ...(isReplayed ? { 'idempotency-replayed': 'true' } : {}),
    })
  })

  on(app, deps, contract.listOrders, async (c, { query, caller }) => {
    const { orders, total } = await listOrders(database, { ...query, buyerId: userOf(caller).id })
    return c.json({ items: orders.map(presentOrder), page: query.page, size: query.size, total })
  })

  onCall(app, deps, contract.ordersOfEvent, ({ params: { id } }) => readEventUse(database, id))

  on(app, deps, contract.orderStream, async (c, { params: { id }, headers, caller }) => {
    await ownOrder(id, caller)
    return streamFeed(c, orderFeed(deps, id), headers['last-event-id'])
  })

  on(app, deps, contract.getOrder, async (c, { params: { id }, caller }) =>
    c.json(presentOrder(await ownOrder(id, caller))),
  )

  on(app, deps, contract.cancelOrder, async (c, { params: { id }, caller }) => {
    const own = await ownOrder(id, caller)
    const order = await audited(deps, caller, { act: 'order.cancel', order: own }, () =>
      cancelOrder(deps, own),
    )
    return c.json(presentOrder(order), order.closing || order.isRefundDue ? 202 : 200)
  })

  on(app, deps, contract.refundOrder, async (c, { params: { id }, body: { seatIds }, caller }) => {
    const own = await ownOrder(id, caller)
    const act = {
      act: 'order.refund',
      order: own,
      ...(seatIds ? { after: { seatIds } } : {}),
    } as const
    const order = await audited(deps, caller, act, () => refundOrder(deps, own, { seatIds }))
    return c.json(presentOrder(order), order.isRefundDue ? 202 : 200)
  })

  on(app, deps, contract.eventRefundsStream, async (c, { params: { id }, headers, caller }) => {
    await refundProgress(deps, id, caller)
    return streamFeed(c, refundFeed(deps, id, caller), headers['last-event-id'])
  })

  on(app, deps, contract.eventRefunds, async (c, { params: { id }, caller }) =>
    c.json(await refundProgress(deps, id, caller)),
  )

  /** An order of the caller's, or any for an admin; to others even its existence is private. */
  async function ownOrder(id: string, caller: Caller) {
    const order = await findOrder(database, id)
    if (!order || (order.buyerId !== userOf(caller).id && !isAdmin(caller)))
      throw new Problem('not-found', `There is no order ${id}`)
    return order
  }

  auditRoute(app, deps, ordersAudit)
  personalDataRoutes(app, deps, 'orders', personalData(deps))
  debugRoutes(app, deps)
  receive(app, deps, reactions)
  return app
}
