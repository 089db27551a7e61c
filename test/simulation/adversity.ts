import { newId } from '../../functions/_runtime/ids.ts'
import { simulatedFunctions, type SimulatedFunction } from './functions.ts'
import type { Market } from './market.ts'
import { eventFacts } from './open-market.ts'

/** What befalls the world as a whole while people buy: Redis, databases, processes, and the organizer. */
export function begin(market: Market, msMax: number): void {
  const { world, keys } = market
  const { clock, chance, counters, faults, outages, processes } = world
  const sometime = (odds: number, work: () => void) => {
    if (chance.is(odds)) clock.after(chance.next() * msMax, work)
  }
  const outage = (what: string, ms: number) => {
    world.trace.note(what, 'is out for', ms, 'ms')
    outages.add(what)
    clock.after(ms, () => outages.delete(what))
  }
  sometime(0.15, () => cancelEvent(market))
  sometime(0.2, () => tellEvent(market, 'dev.boxoffice.event.updated.v1', 'ON_SALE', 1))
  const failing = (odds: number, work: () => void) => sometime(odds, () => faults.isOn() && work())
  failing(0.3, () => {
    world.trace.note('redis', 'is flushed')
    if (keys.all.size > 0) counters['redis-flushed'] += 1
    keys.flush()
  })
  failing(0.3, () => outage('redis', chance.whole(500, 20_000)))
  failing(0.3, () => {
    counters.outage += 1
    outage(chance.pick(simulatedFunctions), chance.whole(200, 15_000))
  })
  for (let times = 0; times < 2; times++)
    failing(0.3, () => {
      const process = processes.get(chance.pick(simulatedFunctions))
      if (process) world.crash(process)
    })
}

function cancelEvent(market: Market): void {
  const { counters } = market.world
  const isOpen = market.engines.orders.tables.orders?.some(({ status }) =>
    ['PENDING', 'HELD', 'PAID', 'CONFIRMED'].includes(status),
  )
  if (isOpen) counters['event-cancelled'] += 1
  tellEvent(market, 'dev.boxoffice.event.cancelled.v1', 'CANCELLED', 2)
}

function tellEvent(
  { world, broker, eventId }: Market,
  type: 'dev.boxoffice.event.updated.v1' | 'dev.boxoffice.event.cancelled.v1',
  status: string,
  version: number,
): void {
  world.trace.note('organizer', type)
  broker.inject(type, eventId, eventFacts(eventId, status, version, world.clock.now()), newId())
}

/** The sweeps, every 5 s; left out where nothing is due, because then they change nothing. */
export function keepSweeping(market: Market): void {
  const { clock, processes } = market.world
  for (const name of simulatedFunctions) if (isDue(market, name)) void processes.get(name)?.sweep()
  clock.after(5000, () => keepSweeping(market))
}

/** A row of the function waits for its sweep, by the database's own clock. */
export function isDue({ world, engines }: Market, name: SimulatedFunction): boolean {
  const now = world.clock.now()
  const { orders, events, outbox_unsent, refunds, payments, holds, messages } = engines[name].tables
  const isOver = (date: Date | null) => date !== null && date.getTime() <= now
  return Boolean(
    outbox_unsent?.some(({ due_at }) => isOver(due_at)) ||
    orders?.some(({ due_at }) => isOver(due_at)) ||
    refunds?.some(({ due_at, status }) => status === 'PENDING' && isOver(due_at)) ||
    payments?.some(
      ({ check_at, status, void_status }) =>
        (status === 'PENDING' || void_status === 'OPEN') && isOver(check_at),
    ) ||
    holds?.some(({ expires_at, status }) => status === 'ACTIVE' && isOver(expires_at)) ||
    messages?.some(({ due_at, status }) => status === 'QUEUED' && isOver(due_at)) ||
    orders?.some(
      ({ event_id, status }) =>
        status === 'CONFIRMED' && events?.get(event_id)?.status === 'CANCELLED',
    ),
  )
}
