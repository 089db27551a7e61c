import type { EventData } from '../../contracts/events.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Reactions } from '../_runtime/receive.ts'
import { takeSeatsBack } from './allocations.ts'
import type { Deps } from './deps.ts'
import { adoptHold, giveUpHold, placeHold } from './holds.ts'
import { makeSeats } from './seats-of-event.ts'
import { keepEvent } from './store/events.ts'

/** The CloudEvents that seating takes. Each effect is idempotent by its ids or its version, so none needs an inbox. */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  const keep = async ({ data }: { data: EventData<'dev.boxoffice.event.updated.v1'> }) => {
    const { needsSeats } = await keepEvent(deps.database, data)
    if (needsSeats && data.status !== 'CANCELLED') await makeSeats(deps, data.eventId)
  }
  const free = async ({ data }: { data: EventData<'dev.boxoffice.order.refunded.v1'> }) => {
    const isOver = data.status !== 'CONFIRMED'
    const lines = data.lines.filter(({ refunded }) => isOver || refunded)
    if (isOver) await giveUpHold(deps, data.holdId, data.orderId)
    await takeSeatsBack(deps, { ...data, seatIds: lines.map(({ seatId }) => seatId) })
  }

  return {
    'dev.boxoffice.event.created.v1': keep,
    'dev.boxoffice.event.updated.v1': keep,
    'dev.boxoffice.event.cancelled.v1': keep,
    'dev.boxoffice.order.cancelled.v1': free,
    'dev.boxoffice.order.failed.v1': free,
    'dev.boxoffice.order.refunded.v1': free,
    'dev.boxoffice.seats.requested.v1': async ({ data }) => answerRequest(deps, data),
    'dev.knative.sources.ping': sweep,
  }
}

/** An order over events: the hold is named after the order, so a second delivery meets the same hold. */
async function answerRequest(
  deps: Deps,
  { orderId, eventId, buyerId, choice }: EventData<'dev.boxoffice.seats.requested.v1'>,
): Promise<void> {
  const { holdId = orderId, ...seats } = choice
  const row = await (
    choice.holdId
      ? adoptHold(deps, { id: holdId, buyerId, orderId, eventId })
      : placeHold(deps, { holdId, orderId, eventId, buyerId, choice: seats })
  ).then(
    (hold) => deps.outbox.row('dev.boxoffice.seats.reserved.v1', orderId, { orderId, hold }),
    (err: unknown) => {
      if (!(err instanceof Problem) || err.status >= 500) throw err
      const { code, message: detail, facts } = err
      return deps.outbox.row('dev.boxoffice.seats.refused.v1', orderId, {
        orderId,
        code,
        detail,
        ...facts,
      })
    },
  )
  await deps.outbox.write(deps.database, [row])
  deps.outbox.send([row])
}
