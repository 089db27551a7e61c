import type { PlaceOrder } from '../../contracts/orders.ts'
import { holdForOrder } from '../../contracts/seating.ts'
import { CallFailed } from '../_runtime/calls.ts'
import { current, inContext } from '../_runtime/context.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { Problem } from '../_runtime/problem.ts'
import { acceptedOf, answerOf, type Answer } from './answers.ts'
import type { Deps } from './deps.ts'
import { drive, type Driven } from './drive.ts'
import { orderIdOf } from './ids.ts'
import type { Order } from './order.ts'
import { outlookOf } from './outlook.ts'
import { withHold } from './steps.ts'
import { claimOrder } from './store/due.ts'
import { keepAnswer, type Standing } from './store/place.ts'

export type Request = {
  buyerId: string
  key: string
  requestHash: string
  body: PlaceOrder
  /** `Prefer: respond-async`: answered at once, and the saga runs over events. */
  isAsync: boolean
}

export type Placed = Answer & { isReplayed: boolean }

/**
 * Places an order and takes it as far as it goes within the saga's time. What races with what: requests with
 * the same key, here or on other instances, and the sweep. The row of the key decides who works on the order;
 * the others are told `request-in-progress` until the answer is kept, and get the same bytes from then on.
 */
export async function placeOrder(deps: Deps, request: Request): Promise<Placed> {
  const deadlineAt = Math.min(current().deadlineAt, performance.now() + deps.sagaMs)
  const { body, buyerId, key } = request
  const orderId = orderIdOf(buyerId, key)
  const { known, event, at } = await deps.lookUp({ orderId, eventId: body.eventId })
  if (known) return replay(deps, request, orderId, known)
  if (!event) throw new Problem('not-found', `There is no event ${body.eventId}`)
  if (!event.isOnSale)
    throw new Problem('event-not-on-sale', 'Seats of this event cannot be had at the moment')

  const order = newOrder(orderId, request, { ...event, at })
  return inContext({ ...current(), deadlineAt }, () =>
    request.isAsync ? placeOverEvents(deps, request, order) : placeNow(deps, request, order),
  )
}

async function placeNow(deps: Deps, request: Request, order: Order): Promise<Placed> {
  const held = await hold(deps, order)
  if (held instanceof Problem) return afterAnother(deps, request, order, held)
  failpoint('orders.before-place')
  // Where it cannot be written the hold stays, until its time is over: it has the name of the key, and a request
  // that comes again, or another one that is here already, goes on with it. To end it would take that one's seats.
  const isPlaced = await write(deps, request, held).catch((err: unknown) => {
    if (!(err instanceof Problem) || err.code !== 'busy') throw err
    const detail =
      'The order cannot be written now; its seats are kept for its key: try again with it'
    throw new Problem('busy', detail, {}, err)
  })
  failpoint('orders.placed')
  if (!isPlaced) throw inProgress()
  return settleNow(deps, held)
}

/**
 * Takes a written order as far as it goes. Where nothing answers any more, the buyer is told that it stands: he
 * may be charged by now, and the order is taken up without him. What cannot be kept is not answered but `busy`.
 */
async function settleNow(deps: Deps, order: Order): Promise<Placed> {
  try {
    return await answered(deps, await drive(deps, order, { type: 'resume' }, { isRequest: true }))
  } catch (err) {
    if (!(err instanceof Problem) || err.status < 500) throw err
    deps.log.warn({ err, orderId: order.id }, 'an order is left to the sweep')
    const kept = await keepAnswer(deps.database, order.id, acceptedOf(order)).catch(() => undefined)
    if (!kept) throw new Problem('busy', outlookOf(order), { orderId: order.id }, err)
    return { ...kept, isReplayed: false }
  }
}

/** The seats first: a buyer who is refused leaves nothing behind here. Gives seating's refusal. */
async function hold(deps: Deps, order: Order): Promise<Order | Problem> {
  const { id: orderId, eventId, buyerId, choice } = order
  const { holdId, ...wanted } = choice ?? {}
  try {
    const { body } = await deps.calls(holdForOrder, {
      params: { id: holdId ?? orderId },
      body: { eventId, orderId, buyerId, ...wanted, ...(holdId ? { holdId } : {}) },
    })
    return { ...withHold(order, body), status: 'HELD' }
  } catch (err) {
    if (err instanceof Problem && err.status < 500) return err
    if (!(err instanceof CallFailed)) throw err
    // A hold that was placed after all is met by the retry with the same key, or runs out.
    throw new Problem(
      'busy',
      'Seats cannot be held at the moment; try again with the same key',
      {},
      err,
    )
  }
}

/** A hold of this name that is over was that of a request with the same key, which came to its end meanwhile. */
async function afterAnother(
  deps: Deps,
  request: Request,
  { id: orderId, eventId }: Order,
  refusal: Problem,
): Promise<Placed> {
  if (refusal.code !== 'hold-lost') throw refusal
  const { known } = await deps.lookUp({ orderId, eventId })
  if (!known) throw refusal
  return replay(deps, request, orderId, known)
}

async function placeOverEvents(deps: Deps, request: Request, order: Order): Promise<Placed> {
  const { id: orderId, eventId, buyerId } = order
  const choice = order.choice ?? {}
  const told = deps.outbox.row('dev.boxoffice.seats.requested.v1', orderId, {
    orderId,
    eventId,
    buyerId,
    choice,
  })
  const answer = answerOf(order)
  const isPlaced = await deps.place({
    order,
    key: request.key,
    requestHash: request.requestHash,
    leaseSeconds: deps.leaseSeconds,
    answer,
    told: [told],
  })
  if (!isPlaced) throw inProgress()
  deps.outbox.send([told])
  deps.counted.inc({ status: order.status })
  return { ...answer, isReplayed: false }
}

const write = (deps: Deps, { key, requestHash }: Request, order: Order) =>
  deps.place({ order, key, requestHash, leaseSeconds: deps.leaseSeconds, answer: null, told: [] })

/** The key is known: the kept answer, or what stands in its way, or the work that nobody does any more. */
async function replay(
  deps: Deps,
  request: Request,
  orderId: string,
  known: NonNullable<Standing['known']>,
): Promise<Placed> {
  if (known.request_hash !== request.requestHash)
    throw new Problem(
      'idempotency-key-reused',
      'This key came with another request; use a fresh one',
    )
  if (known.answer) return { ...known.answer, isReplayed: true }
  const order = known.is_leased
    ? undefined
    : await claimOrder(deps.database, orderId, deps.leaseSeconds)
  if (!order) throw inProgress()
  return settleNow(deps, order)
}

const inProgress = () =>
  new Problem('request-in-progress', 'The first request with this key runs; ask again in a moment')

/** What was kept is what is sent, whoever kept it. */
async function answered(deps: Deps, { order, answer }: Driven): Promise<Placed> {
  if (answer) return { ...answer, isReplayed: false }
  return { ...(await keepAnswer(deps.database, order.id, answerOf(order))), isReplayed: false }
}

function newOrder(
  id: string,
  { buyerId, body, isAsync }: Request,
  event: NonNullable<Standing['event']> & Pick<Standing, 'at'>,
): Order {
  const { eventId, payment: means = null, ...choice } = body
  return {
    id,
    buyerId,
    eventId,
    eventTitle: event.title,
    startsAt: event.startsAt,
    status: 'PENDING',
    closing: null,
    reason: null,
    holdId: choice.holdId ?? id,
    holdExpiresAt: null,
    currency: event.currency,
    subtotalMinor: 0,
    taxMinor: 0,
    totalMinor: 0,
    refundedMinor: 0,
    lines: [],
    means,
    choice,
    payment: null,
    createdAt: event.at,
    confirmedAt: null,
    areTicketsIssued: false,
    isRefundDue: false,
    isAsync,
    isImported: false,
    version: 1,
  }
}
