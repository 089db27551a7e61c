import type { EventData } from '../../../contracts/events.ts'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, look, type Answer } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps, type Deps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { createReactions } from '../reactions.ts'

export const ticketKey = 'a key of thirty-two bytes or more'

/** Tickets on a database of its own. */
export async function openTickets(more: Record<string, string> = {}) {
  const env = await ticketsEnv(more)
  const first = openInstance(env)
  return {
    ...first,
    env,
    async close() {
      await first.close()
      await endTesting()
    },
  }
}

export type Tickets = Awaited<ReturnType<typeof openTickets>>

export const ticketsEnv = async (more: Record<string, string> = {}) => ({
  ...(await testEnv('tickets', migrations)),
  TICKET_KEY: ticketKey,
  ...more,
})

/** One instance of the function; several may stand on one database. */
export function openInstance(env: Record<string, string>) {
  const config = readConfig(env)
  const runtime = createRuntime('tickets', config, async () => entities)
  const deps: Deps = createDeps(runtime, config)
  const app = createApp(
    deps,
    createReactions(deps, async () => void (await deps.outbox.sweep())),
  )
  return { deps, ...asking(app, 'tickets'), close: () => runtime.close() }
}

export type Order = EventData<'dev.boxoffice.order.confirmed.v1'>

/** A confirmed order of as many seats as `seatIds` has. */
export function anOrder(more: Partial<Order> = {}, seatIds = [newId(), newId()]): Order {
  const orderId = newId()
  return {
    orderId,
    version: 3,
    status: 'CONFIRMED',
    reason: null,
    eventId: newId(),
    eventTitle: 'A play',
    buyerId: newId(),
    holdId: orderId,
    lines: seatIds.map((seatId, i) => ({
      seatId,
      label: `A-${i + 1}`,
      priceMinor: 50_000,
      refunded: false,
    })),
    total: { amountMinor: 52_500 * seatIds.length, currency: 'INR' },
    refunded: { amountMinor: 0, currency: 'INR' },
    ...more,
  }
}

/** The order later: over, or with the lines of `seatIds` refunded. */
export const later = (order: Order, status: Order['status'], seatIds: string[] = []): Order => ({
  ...order,
  version: order.version + 2,
  status,
  lines: order.lines.map((line) => ({ ...line, refunded: seatIds.includes(line.seatId) })),
})

export const anEvent = (
  eventId: string,
  more: Partial<EventData<'dev.boxoffice.event.updated.v1'>> = {},
) => ({
  eventId,
  version: 2,
  status: 'ON_SALE',
  title: 'The Tempest',
  type: 'Play',
  venueId: newId(),
  venueName: 'Old Hall',
  city: 'Pune',
  organizerId: null,
  startsAt: '2027-03-01T18:30:00.000Z',
  endsAt: '2027-03-01T21:00:00.000Z',
  onSaleAt: null,
  currency: 'INR',
  layoutVersion: 1,
  ...more,
})

/** Statuses of an order's tickets by label, as `A-1 ACTIVE, A-2 CANCELLED`. */
export const ticketsOf = async (deps: Deps, orderId: string): Promise<string> =>
  (await look(
    deps.database,
    `select coalesce(string_agg(label || ' ' || status, ', ' order by label), '') from tickets where order_id = $1`,
    [orderId],
  )) as string

/** How often the outbox tells of an order's tickets. */
export const timesTold = async (deps: Deps, orderId: string): Promise<number> =>
  (await look(
    deps.database,
    `select count(*)::int from outbox where aggregateid = $1 and type = 'dev.boxoffice.tickets.issued.v1'`,
    [orderId],
  )) as number

/** Delivers as the Broker does: again, where it is answered that it may succeed later. */
export async function untilTaken(deliver: () => Promise<Answer>): Promise<void> {
  for (let attempt = 0; attempt <= 10; attempt++) {
    const { status } = await deliver()
    if (status === 204) return
    if (status < 500) throw new Error(`refused with ${status}`)
  }
  throw new Error('it was never taken')
}

export { look } from '../../_runtime/testing/ask.ts'
