import type { EventData } from '../../contracts/events.ts'
import { isUniqueViolation } from '../_runtime/database.ts'
import { failpoint } from '../_runtime/failpoint.ts'
import { derivedId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import { codeOf } from './codes.ts'
import type { Deps } from './deps.ts'
import type { Followed, OrderNews } from './store/follow-orders.ts'

type Order = EventData<'dev.boxoffice.order.confirmed.v1'>

/**
 * Issues the tickets of a confirmed order and tells of them, once. orders confirms again until it hears of
 * the tickets: then the earlier news is sent again, under its own id.
 */
export async function issueTickets(deps: Deps, order: Order): Promise<void> {
  const { earlierIssuedId } = await followOrder(deps, order)
  if (earlierIssuedId) await deps.outbox.again(deps.database, [earlierIssuedId])
}

/**
 * Brings an order's tickets in step with its newest snapshot: those of refunded lines end, and all of them
 * where it is no longer CONFIRMED. An order that is told of for the first time by a refund of some lines gets
 * tickets for the others. Throws `busy` where another order has a live ticket for one of its seats.
 */
export async function followOrder(deps: Deps, order: Order): Promise<Followed> {
  failpoint('tickets.before-issue')
  const followed = await deps.follow(newsOf(deps, order)).catch((err: unknown) => {
    if (!isUniqueViolation(err, 'tickets_live_seat')) throw err
    throw seatGiven(deps, order, err)
  })
  failpoint('tickets.issued')
  if (followed.issued) {
    deps.issued.inc(order.lines.filter(({ refunded }) => !refunded).length)
    deps.outbox.send([followed.issued])
  }
  return followed
}

function newsOf({ outbox, ticketKey }: Deps, order: Order): OrderNews {
  const { orderId, version, status, eventId, eventTitle, buyerId: holderId } = order
  const lines = order.lines.map(({ seatId, label, refunded }) => ({
    ticketId: derivedId(orderId, seatId),
    seatId,
    label,
    isRefunded: refunded,
  }))
  const tickets = lines
    .filter(({ isRefunded }) => status === 'CONFIRMED' && !isRefunded)
    .map(({ ticketId, seatId, label }) => ({
      ticketId,
      seatId,
      label,
      code: codeOf(ticketKey, ticketId),
    }))
  const issued =
    tickets.length === 0
      ? null
      : outbox.row('dev.boxoffice.tickets.issued.v1', orderId, {
          orderId,
          eventId,
          holderId,
          eventTitle,
          // What is known of the event takes their place; the order has no more than the title.
          venueName: '',
          city: '',
          startsAt: null,
          tickets,
        })
  return { orderId, version, status, eventId, eventTitle, holderId, lines, issued }
}

/**
 * The seat was sold twice, or the news that ended the other order's ticket is still on its way. The second
 * passes, so the delivery is refused with a status that is tried again; the first ends as a dead letter.
 */
function seatGiven({ log, refused }: Deps, { orderId, eventId }: Order, cause: unknown): Problem {
  refused.inc({ reason: 'seat-given' })
  log.error({ orderId, eventId }, 'a seat of this order has a live ticket of another order')
  return new Problem('busy', 'Another order has a live ticket for a seat of this one', {}, cause)
}
