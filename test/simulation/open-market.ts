import { newId } from '../../functions/_runtime/ids.ts'
import { createBank } from './bank.ts'
import { createBroker } from './broker.ts'
import { createNotificationsDatabase } from './database/notifications.ts'
import { createOrdersDatabase } from './database/orders.ts'
import { createPaymentsDatabase } from './database/payments.ts'
import { createServer } from './database/pool.ts'
import { createSeatingDatabase } from './database/seating.ts'
import type { Engine } from './database/tables.ts'
import { createTicketsDatabase } from './database/tickets.ts'
import { simulatedFunctions, type SimulatedFunction } from './functions.ts'
import { priceMinor, type Market } from './market.ts'
import { createNetwork } from './network.ts'
import { startProcess } from './process.ts'
import { createKeys } from './redis.ts'
import type { World } from './world.ts'

/** An event on sale with a few seats, and every function running. */
export function openMarket(world: World): Market {
  const { clock, chance, processes, counters } = world
  const engines: Record<SimulatedFunction, Engine> = {
    seating: createSeatingDatabase(),
    orders: createOrdersDatabase(),
    payments: createPaymentsDatabase(),
    tickets: createTicketsDatabase(),
    notifications: createNotificationsDatabase(),
  }
  watchHolds(world, engines)
  const keys = createKeys(() => clock.now())
  const network = createNetwork(world)
  const broker = createBroker(
    world,
    (from, id) => engines[from].tables.outbox?.get(id) !== undefined,
  )
  const bank = createBank(world, (body, signature) => {
    const headers = { 'content-type': 'application/json', 'bank-signature': signature }
    const webhook = { method: 'POST', path: '/v1/payments/webhooks/sandbox', headers, body }
    return network.reach('payments', webhook).then(
      ({ status }) => status,
      () => 0,
    )
  })
  const databases = Object.fromEntries(
    simulatedFunctions.map((name) => [
      name,
      createServer(engines[name], () => new Date(Math.floor(clock.now()))),
    ]),
  ) as Record<SimulatedFunction, ReturnType<typeof createServer>>
  const around = { databases, keys, broker, network, bank }

  const start = (name: SimulatedFunction) => {
    const process = startProcess(world, name, around)
    processes.set(name, process)
    // As after every start: what the last one left is looked after once.
    if (clock.now() > openedAt) void process.sweep()
  }
  const openedAt = clock.now()
  world.crash = (process) => {
    if (process.isDead) return
    process.isDead = true
    processes.delete(process.name)
    counters['crash-midway'] += 1
    world.trace.note(process.name, 'dies')
    for (const work of process.onDeath) work()
    clock.after(chance.whole(20, 1500), () => start(process.name))
  }
  simulatedFunctions.forEach(start)
  const eventId = newId()
  const seatIds = openSale(world, engines, eventId)
  return {
    world,
    engines,
    keys,
    broker,
    bank,
    network,
    eventId,
    seatIds,
    wanted: new Set(),
    purchases: [],
    shopping: 0,
    openedAt,
  }
}

/** An order may run out only once its hold is over, by the clock of the database that has it. */
function watchHolds({ violations }: World, { seating, orders }: Market['engines']): void {
  const name = 'hold-end-for-ever'
  const end = seating.statements[name]
  if (!end) throw new Error(`seating has no statement ${name}`)
  seating.statements[name] = (values, now) => {
    const [holdIds, orderIds] = values as [string[], string[]]
    for (const [i, holdId] of holdIds.entries()) {
      const hold = seating.tables.holds?.get(holdId)
      const order = orders.tables.orders?.get(orderIds[i])
      const isExpired = order?.status === 'EXPIRED' || order?.closing === 'EXPIRED'
      if (isExpired && hold?.status === 'ACTIVE' && hold.expires_at > now)
        violations.push(`I7: the order ${order?.id} ran out, and its hold had not`)
    }
    return end(values, now)
  }
}

/** What catalog told of the event before the story begins. */
export const eventFacts = (eventId: string, status: string, version: number, now: number) => ({
  eventId,
  version,
  status,
  title: 'A Play',
  type: 'Play',
  venueId: eventId,
  venueName: 'The Hall',
  city: 'Pune',
  organizerId: null,
  currency: 'INR',
  layoutVersion: 1,
  startsAt: new Date(now + 7 * 864e5).toISOString(),
  endsAt: new Date(now + 7 * 864e5 + 72e5).toISOString(),
  onSaleAt: null,
  seatsPerBuyerMax: null,
})

function openSale({ clock, chance }: World, engines: Market['engines'], eventId: string): string[] {
  const now = new Date(clock.now())
  const e = eventFacts(eventId, 'ON_SALE', 1, clock.now())
  const times = [e.startsAt, e.endsAt, null]
  const keep = (name: SimulatedFunction, values: unknown[]) =>
    engines[name].statements['event-keep']?.(values, now)
  keep('seating', [eventId, e.status, ...times, e.currency, 1, 1, e.seatsPerBuyerMax])
  keep('orders', [eventId, e.title, e.status, ...times, e.currency, 1, e.organizerId])
  keep('tickets', [eventId, e.title, e.venueName, e.city, e.startsAt, e.endsAt, 1])
  const ids = Array.from({ length: chance.whole(3, 6) }, () => newId())
  ids.forEach((id, ordinal) => {
    const place = {
      ordinal,
      label: `A-${ordinal + 1}`,
      section: 'A',
      row: 'A',
      number: ordinal + 1,
    }
    engines.seating.tables.seats?.put(id, {
      id,
      event_id: eventId,
      ...place,
      price_minor: priceMinor,
      status: 'AVAILABLE',
      hold_id: null,
      held_until: null,
      changed_at: now,
      version: 0,
      imported: null,
    })
  })
  engines.seating.tables.events?.change(eventId, { seats_total: ids.length })
  // Nothing takes this back any more.
  for (const { journal } of Object.values(engines)) journal.length = 0
  return ids
}
