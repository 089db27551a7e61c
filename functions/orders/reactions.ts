import type { EventData } from '../../contracts/events.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Reactions } from '../_runtime/receive.ts'
import { settleSomeCancelled } from './cancelled-events.ts'
import type { Deps } from './deps.ts'
import { channelOf, drive } from './drive.ts'
import type { Order } from './order.ts'
import { sweepRefunds } from './refunds.ts'
import { isNews, type Input } from './saga.ts'
import { reserved, withPayment } from './steps.ts'
import { keepEvent } from './store/events.ts'
import { findOrder } from './store/orders.ts'

type Payment = EventData<'dev.boxoffice.payment.succeeded.v1'>

/**
 * The CloudEvents that orders takes. Each is an input to the table, which takes the same one twice without
 * harm: so none needs an inbox.
 */
export function createReactions(deps: Deps, sweep: () => Promise<void>): Reactions {
  const keep = async ({ data }: { data: EventData<'dev.boxoffice.event.updated.v1'> }) =>
    keepEvent(deps.database, data)

  /** Moves an order by what came. An order that is not known yet is delivered again: it may still be written. */
  const move = async (
    orderId: string,
    change: (order: Order) => Promise<{ order: Order; input: Input }>,
  ) => {
    const stored = await findOrder(deps.database, orderId)
    if (!stored) throw new Problem('busy', `There is no order ${orderId} yet`)
    const { order, input } = await change(stored)
    // Old news says also of the payment what was true before: a refunded order would be shown as paid again.
    if (isNews(stored, input)) await drive(deps, order, input)
  }

  return {
    'dev.boxoffice.event.created.v1': keep,
    'dev.boxoffice.event.updated.v1': keep,
    'dev.boxoffice.event.cancelled.v1': async (event) => {
      await keep(event)
      await settleSomeCancelled(deps)
    },
    'dev.boxoffice.seats.reserved.v1': ({ data }) =>
      move(data.orderId, (order) =>
        order.status === 'PENDING' && !order.closing
          ? reserved(deps, order, data.hold)
          : Promise.resolve({ order, input: { type: 'reserved' } }),
      ),
    'dev.boxoffice.seats.refused.v1': ({ data }) =>
      move(data.orderId, async (order) => ({
        order,
        input: { type: 'refused', reason: data.code },
      })),
    // A hold outlives the writing of its order by minutes: an order that is not there was never written.
    'dev.boxoffice.seats.released.v1': async ({ data }) => {
      const order = await findOrder(deps.database, data.orderId)
      if (order && isNews(order, expired)) await drive(deps, order, expired)
    },
    'dev.boxoffice.payment.succeeded.v1': ({ data }) =>
      move(data.orderId, async (order) => ({
        order: withPayment(order, data),
        input: { type: 'paid' },
      })),
    'dev.boxoffice.payment.failed.v1': ({ data }) =>
      move(data.orderId, async (order) => ({
        order: withPayment(order, data),
        input: failureOf(data),
      })),
    'dev.boxoffice.payment.refunded.v1': async () => {
      await sweepRefunds(deps)
    },
    'dev.boxoffice.tickets.issued.v1': async ({ data: { orderId } }) => {
      await deps.noteTickets(orderId)
      void deps.redis.attempt((client) => client.publish(channelOf(orderId), 'tickets'))
    },
    'dev.knative.sources.ping': sweep,
  }
}

const expired: Input = { type: 'expired' }

const failureOf = ({ reason }: Payment): Input =>
  reason === 'voided' ? { type: 'voided' } : { type: 'declined', reason: reason ?? 'declined' }
