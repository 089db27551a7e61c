import { begin, keepSweeping } from './adversity.ts'
import { isOpen } from './browser.ts'
import { place, shop } from './buyers.ts'
import { createChance } from './chance.ts'
import { checkAlways, checkQuiet, isQuiet } from './checks.ts'
import { startClock } from './clock.ts'
import { newCounters, type Counters } from './counters.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { orderIdOf } from '../../functions/orders/ids.ts'
import { createFaults } from './faults.ts'
import type { Market } from './market.ts'
import { openMarket } from './open-market.ts'
import { createTrace } from './trace.ts'
import type { World } from './world.ts'

export type Outcome = {
  seed: number
  violations: string[]
  counters: Counters
  /** The same for the same seed and the same code. */
  hash: string
  trace: string[]
}

const safetyMs = 90_000
/** The first part of it, in which the organizer and the machines do what they do. */
const adversityMs = 30_000
/** From quiet on, with all faults off, until everything has come to its end. */
const livenessMs = 60 * 60_000

/** One world from its seed: people buy while things fail; then nothing fails, and all must come right. */
export async function simulate(seed: number, { isTraced = false } = {}): Promise<Outcome> {
  const chance = createChance(seed)
  const clock = startClock(chance)
  const trace = createTrace(() => clock.now(), isTraced)
  const world: World = {
    seed,
    clock,
    chance,
    trace,
    counters: newCounters(),
    violations: [],
    faults: createFaults(chance, !chance.is(1 / 8)),
    holdSeconds: chance.pick([20, 60, 900]),
    outages: new Set(),
    processes: new Map(),
    crash: () => {},
  }
  const onBug = (err: unknown) =>
    world.violations.push(`I14: a promise was rejected and nobody looked: ${(err as Error).stack}`)
  process.on('unhandledRejection', onBug)
  try {
    const market = openMarket(world)
    await runSafely(market)
    if (world.violations.length === 0) await comeToRest(market)
    if (world.violations.length === 0) world.violations.push(...checkQuiet(market))
    if (world.violations.length === 0) await sellTheRest(market)
    countAfterwards(market)
  } catch (err) {
    world.violations.push(`the simulation itself failed: ${(err as Error).stack}`)
  } finally {
    clock.end()
    process.off('unhandledRejection', onBug)
  }
  const { violations, counters } = world
  return { seed, violations, counters, hash: trace.hash(), trace: trace.lines }
}

/** The first phase. What holds at every instant is looked at again and again. */
async function runSafely(market: Market): Promise<void> {
  const { world } = market
  const { clock, chance, violations } = world
  const end = clock.now() + safetyMs
  begin(market, adversityMs)
  clock.after(5000, () => keepSweeping(market))
  market.shopping = chance.whole(2, 4)
  for (let buyers = market.shopping; buyers > 0; buyers--)
    void shop(market)
      .catch((err: unknown) => violations.push(`a buyer failed: ${(err as Error).stack}`))
      .finally(() => (market.shopping -= 1))
  while (market.shopping > 0 && clock.now() < end && violations.length === 0) {
    await clock.run(() => market.shopping === 0 || violations.length > 0, clock.now() + 5000)
    violations.push(...checkAlways(market))
  }
}

/** The second phase: faults are over, buyers ask until they know, dead letters are replayed. */
async function comeToRest(market: Market): Promise<void> {
  const { world, broker, purchases } = market
  const { clock, faults, outages, processes, violations, trace } = world
  trace.note('from here on nothing fails')
  faults.stop()
  outages.clear()
  for (const process of processes.values()) process.skewMs = 0
  const end = clock.now() + livenessMs
  const restless = market.openedAt + adversityMs + 1000
  let asking = 0
  while (clock.now() < end && violations.length === 0) {
    for (const purchase of purchases) {
      const last = purchase.replies.at(-1)
      if (asking > 3 || (last && !isOpen(last))) continue
      asking += 1
      void place(market, purchase).finally(() => (asking -= 1))
    }
    broker.replay()
    await clock.run(() => violations.length > 0, clock.now() + 15_000)
    const isOver = market.shopping === 0 && clock.now() > restless
    const isAnswered = purchases.every(
      ({ replies }) => replies.length > 0 && !isOpen(replies.at(-1)!),
    )
    if (isOver && asking === 0 && isAnswered && isQuiet(market)) return
  }
  if (violations.length === 0)
    violations.push(`I12: not at rest after ${livenessMs} ms: ${standing(market)}`)
}

function standing({ engines, broker, purchases }: Market): string {
  const orders = engines.orders.tables.orders?.all() ?? []
  const open = purchases
    .filter(({ replies }) => isOpen(replies.at(-1)!))
    .map(({ orderId }) => orderId)
  return JSON.stringify({
    orders: orders.map(({ id, status, closing, due_at }) => ({ id, status, closing, due_at })),
    unanswered: open,
    deliveries: broker.waiting(),
    unsent: Object.entries(engines).map(([name, { tables }]) => [
      name,
      tables.outbox_unsent?.all().length,
    ]),
    payments: engines.payments.tables.payments
      ?.all()
      .map(({ order_id, status, void_status }) => ({ order_id, status, void_status })),
    holds: engines.seating.tables.holds?.where(({ status }) => status === 'ACTIVE'),
  })
}

/** Every seat that is not sold can be had: a new buyer gets them all, or none where the event is over. */
async function sellTheRest(market: Market): Promise<void> {
  const { world, engines, eventId } = market
  const { clock, violations } = world
  const free = engines.seating.tables.seats?.where(({ status }) => status !== 'SOLD') ?? []
  const isOver = engines.orders.tables.events?.get(eventId)?.status === 'CANCELLED'
  if (free.length === 0 || isOver) return
  // A key that Redis could not be told to drop may stand as long as its hold could have.
  const keysEnd = Math.max(0, ...[...market.keys.all.values()].map(({ endsAt }) => endsAt))
  if (keysEnd > clock.now()) await clock.run(() => false, keysEnd + 1)
  const [buyerId, key] = [newId(), newId()]
  const body = {
    eventId,
    seatIds: free.map(({ id }) => id as string),
    payment: { method: 'CARD', token: 'tok_ok' },
  }
  const orderId = orderIdOf(buyerId, key)
  const purchase = {
    buyerId,
    key,
    orderId,
    holdId: orderId,
    isAsync: false,
    token: 'tok_ok',
    body,
    replies: [],
  }
  engines.notifications.tables.contacts?.put(buyerId, { user_id: buyerId, sealed: '' })
  let status = 0
  void place(market, purchase).then((reply) => (status = reply.status))
  await clock.run(() => status !== 0, clock.now() + 60_000)
  if (status !== 201)
    violations.push(`I12: ${free.length} unsold seats could not be bought: ${status}`)
}

/** Hard states that are seen best in what they left. */
function countAfterwards({ engines, world, bank }: Market): void {
  const { counters } = world
  const paidAt = new Map<string, string>()
  for (const entry of bank.entries) {
    const [key, status] =
      entry.type === 'charge.created'
        ? [entry.charge.key, entry.charge.status]
        : entry.type === 'charge.decided'
          ? [entry.key, entry.status]
          : ['', '']
    if (status === 'succeeded') paidAt.set(key.slice(0, 36), entry.at)
  }
  for (const order of engines.orders.tables.orders?.all() ?? []) {
    const { id, status, reason, is_async, hold_expires_at } = order
    const at = paidAt.get(id)
    if (at && ['EXPIRED', 'CANCELLED'].includes(status)) counters['late-success'] += 1
    if (at && hold_expires_at < new Date(at)) counters['expired-while-charging'] += 1
    if (at && reason === 'seats-lost') counters.compensation += 1
    if (is_async && status === 'CONFIRMED') counters['over-events'] += 1
  }
}
