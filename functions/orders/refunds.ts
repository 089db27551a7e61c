import { refundPayment } from '../../contracts/payments.ts'
import { CallFailed } from '../_runtime/calls.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { derivedId } from '../_runtime/ids.ts'
import { isPlanted } from '../_runtime/planted.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { channelOf } from './drive.ts'
import { refundOf } from './money.ts'
import type { Order } from './order.ts'
import { decide } from './saga.ts'
import { isRefundable } from './store/events.ts'
import { findOrder } from './store/orders.ts'
import {
  beginRefund,
  claimRefunds,
  finishRefund,
  findPending,
  type Refund,
} from './store/refunds.ts'
import { snapshotOf } from './views.ts'

/** Some seats, or all that are left; and why, where it was not the buyer who asked. */
type Wish = { seatIds?: string[] | undefined; reason?: string | null }

/**
 * Gives a confirmed order back: all that is left of it, or the seats named. The refund is written before the
 * money is asked back, and asked under its own id until the answer is known. Gives the order as it stands:
 * a refund whose money is not yet back is ended by the sweep.
 */
export async function refundOrder(
  deps: Deps,
  order: Order,
  { seatIds, reason = null }: Wish = {},
): Promise<Order> {
  if (order.status === 'REFUNDED' || order.status === 'REFUNDING') return order
  const isOpen = decide(order, { type: 'give-back' }).effects.length > 0 && !order.isImported
  if (!isOpen || !(await isRefundable(deps.database, order.eventId, deps.refundHoursBefore)))
    throw new Problem(
      'order-fixed',
      'Only a confirmed order whose event is still to come can be refunded',
      {
        orderStatus: order.status,
      },
    )
  failpoint('orders.before-refund')
  const refund = await begin(deps, order, { seatIds, reason })
  failpoint('orders.refund-begun')
  await payBack(deps, refund)
  return (await findOrder(deps.database, order.id)) ?? order
}

async function begin(deps: Deps, order: Order, { seatIds, reason = null }: Wish): Promise<Refund> {
  const unknown = seatIds?.filter((id) => !order.lines.some(({ seatId }) => seatId === id)) ?? []
  if (unknown.length > 0)
    throw new Problem('not-found', 'The order has no such seat', { seatIds: unknown })
  const isChosen = ({ seatId, isRefunded }: Order['lines'][number]) =>
    !isRefunded && (!seatIds || seatIds.includes(seatId))
  const places = order.lines.flatMap((line, place) => (isChosen(line) ? [place] : []))
  if (places.length === 0) throw new Problem('order-fixed', 'These seats were refunded before')
  const staying = order.lines
    .filter((line) => !line.isRefunded && !isChosen(line))
    .map(({ priceMinor }) => priceMinor)
  const amountMinor = refundOf({ ...order, staying })
  const id = derivedId(order.id, `refund ${places.join()}`)
  const isWhole = staying.length === 0
  const request = {
    id,
    orderId: order.id,
    version: order.version,
    places,
    amountMinor,
    isWhole,
    reason,
  }
  if (await beginRefund(deps.database, request))
    return { id, order_id: order.id, places, amount_minor: String(amountMinor), status: 'PENDING' }
  const pending = await findPending(deps.database, order.id)
  if (pending?.id === id) return pending
  throw new Problem(
    'order-fixed',
    'Another change of this order is under way; look at it and try again',
  )
}

/** Asks the money back and marks the refund as done; false where no answer came, and the sweep asks again. */
async function payBack(deps: Deps, refund: Refund): Promise<boolean> {
  const order = await findOrder(deps.database, refund.order_id)
  if (!order) throw new Error('a refund without an order')
  const amountMinor = Number(refund.amount_minor)
  let paymentStatus = order.payment?.status ?? 'REFUNDED'
  if (amountMinor > 0) {
    const status = await askBack(deps, order, { id: refund.id, amountMinor })
    if (!status) return false
    paymentStatus = status
  }
  failpoint('orders.refund-asked')
  const after = afterRefund(order, refund)
  const told = deps.outbox.row('dev.boxoffice.order.refunded.v1', order.id, snapshotOf(after))
  if (await finishRefund(deps.database, refund.id, paymentStatus, told)) {
    failpoint('orders.refund-done')
    deps.outbox.send([told])
    deps.counted.inc({ status: after.status })
    void deps.redis.attempt((client) => client.publish(channelOf(order.id), String(after.version)))
  }
  return true
}

async function askBack(deps: Deps, order: Order, refund: { id: string; amountMinor: number }) {
  const paymentId = order.payment?.id
  if (!paymentId) throw new Error('a paid order without a payment')
  try {
    const { body } = await deps.calls(refundPayment, {
      params: { id: paymentId },
      body: {
        refundId: refund.id,
        amount: { amountMinor: refund.amountMinor, currency: order.currency },
      },
    })
    return body.status
  } catch (err) {
    if (!(err instanceof CallFailed || err instanceof Problem)) throw err
    if (isPlanted('refund-error-swallowed')) return 'REFUNDED'
    const facts = { err, orderId: order.id, refundId: refund.id }
    const isRefused = err instanceof Problem && err.status < 500
    deps.unpaid.inc({ reason: isRefused ? 'refused' : 'unanswered' })
    if (isRefused) deps.log.error(facts, 'a refund is refused; it stays due until somebody looks')
    else deps.log.warn(facts, 'a refund is not answered yet; it is asked again')
    return undefined
  }
}

/** The order as the statement that ends the refund leaves it. */
const afterRefund = (order: Order, refund: Refund): Order => ({
  ...order,
  ...decide(order, { type: 'given-back' }).state,
  refundedMinor: order.refundedMinor + Number(refund.amount_minor),
  lines: order.lines.map((line, place) =>
    refund.places.includes(place) ? { ...line, isRefunded: true } : line,
  ),
  version: order.version + 1,
})

const sweepMax = 50

/** Ends refunds that were begun; gives how many. */
export async function sweepRefunds(deps: Deps): Promise<number> {
  const refunds = await claimRefunds(deps.database, sweepMax)
  const ended = await Promise.all(refunds.map((refund) => payBack(deps, refund)))
  return ended.filter(Boolean).length
}
