import { describe } from '../../functions/_runtime/test.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { createOutbox } from '../../functions/_runtime/outbox.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import type { Order } from '../../functions/orders/order.ts'
import { findCancelled, findWaiting } from '../../functions/orders/store/cancelled.ts'
import * as due from '../../functions/orders/store/due.ts'
import * as events from '../../functions/orders/store/events.ts'
import { fillOrder, findOrder } from '../../functions/orders/store/orders.ts'
import { createLookUp, createPlace, keepAnswer } from '../../functions/orders/store/place.ts'
import * as refunds from '../../functions/orders/store/refunds.ts'
import { createSettle } from '../../functions/orders/store/settle.ts'
import { createChance, type Chance } from './chance.ts'
import { createOrdersDatabase } from './database/orders.ts'
import { eventFacts } from './open-market.ts'
import { openTwins, type Twins } from './twins.ts'

/** The database that the simulation has of orders, beside a real one: the same is asked of both. */
describe("the simulation's database of orders", (it) => {
  let twins: Twins
  it.before(async () => (twins = await openTwins('orders', createOrdersDatabase)))
  it.after(async () => {
    await twins.close()
    await endTesting()
  })

  it('says and keeps what Postgres does, whatever is asked', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await story(twins, createChance(seed))
      await twins.compareTables()
      await twins.clear()
    }
  })
})

const ids = (count: number) => Array.from({ length: count }, () => newId())
const answer = { status: 201, headers: { a: 'b' }, body: '{"é":1}' }

function newOrder(id: string, eventId: string, at: Date, chance: Chance): Order {
  const line = (number: number) => ({
    seatId: newId(),
    label: `A-${number}`,
    section: 'A',
    row: 'A',
    number,
    priceMinor: 1e4,
    isRefunded: false,
  })
  const isHeld = chance.is(0.7)
  return {
    id,
    buyerId: newId(),
    eventId,
    eventTitle: 'A Play',
    startsAt: at,
    holdId: id,
    status: isHeld ? 'HELD' : 'PENDING',
    closing: null,
    reason: null,
    currency: 'INR',
    holdExpiresAt: isHeld ? new Date(at.getTime() + 9e5) : null,
    subtotalMinor: 2e4,
    taxMinor: 1e3,
    totalMinor: 21e3,
    refundedMinor: 0,
    lines: isHeld ? [line(1), line(2)] : [],
    means: chance.is(0.5)
      ? {
          method: 'CARD',
          token: 'tok_ok',
        }
      : null,
    choice: { quantity: 2 },
    payment: null,
    createdAt: at,
    confirmedAt: null,
    areTicketsIssued: false,
    isRefundDue: false,
    isAsync: chance.is(0.5),
    isImported: false,
    version: 1,
  }
}

async function story(twins: Twins, chance: Chance): Promise<void> {
  const [eventIds, orderIds, refundIds] = [ids(2), ids(4), ids(3)]
  const [place, settle] = [createPlace(twins), createSettle(twins)]
  const [lookUp, noteTickets] = [createLookUp(twins), events.createNoteTickets(twins)]
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const broker = { publish: async () => chance.is(0.5), atOnceMax: 16, close: () => {} }
  const outbox = createOutbox({ database: twins, broker, log })
  const one = <Item>(items: Item[]) => chance.pick(items)
  const told = (id: string) =>
    outbox.row('dev.boxoffice.order.failed.v1', id, { orderId: id, é: 'ü' } as never)
  const keep = (id: string) => {
    const status = chance.pick(['ON_SALE', 'ON_SALE', 'SCHEDULED', 'CANCELLED'])
    const facts = eventFacts(id, status, chance.whole(1, 3), twins.now().getTime())
    return events.keepEvent(twins, { ...facts, onSaleAt: facts.startsAt } as never)
  }
  const placeOne = () => {
    const order = newOrder(one(orderIds), one(eventIds), twins.now(), chance)
    const given = {
      answer: chance.is(0.3) ? answer : null,
      told: chance.is(0.5) ? [told(order.id)] : [],
    }
    return place({ order, key: newId(), requestHash: newId(), leaseSeconds: 30, ...given })
  }
  const settleOne = async () => {
    const order = await findOrder(twins, one(orderIds))
    if (!order) return
    const status = chance.pick(['HELD', 'PAID', 'CONFIRMED', 'CONFIRMED', 'CANCELLED'] as const)
    await settle({
      order: {
        ...order,
        status,
        reason: 'x',
        confirmedAt: status === 'CONFIRMED' ? twins.now() : null,
      },
      fromVersion: order.version - (chance.is(0.2) ? 1 : 0),
      due: chance.pick([null, 15, 'backing-off', 'after-hold']),
      answer: chance.is(0.5) ? answer : null,
      told: chance.is(0.7) ? told(order.id) : null,
    })
  }
  const beginOne = async () => {
    const order = await findOrder(twins, one(orderIds))
    const more = { places: [0], amountMinor: 1000, isWhole: chance.is(0.3), reason: null }
    if (order)
      await refunds.beginRefund(twins, {
        id: one(refundIds),
        orderId: order.id,
        version: order.version,
        ...more,
      })
  }
  const steps: (() => Promise<unknown>)[] = [
    () => keep(one(eventIds)),
    () => twins.advance(chance.whole(1, 120)),
    placeOne,
    placeOne,
    settleOne,
    settleOne,
    settleOne,
    beginOne,
    beginOne,
    () => lookUp({ orderId: one(orderIds), eventId: one(eventIds) }),
    () => keepAnswer(twins, one(orderIds), answer),
    () => due.claimDue(twins, 10, 30),
    () => due.claimOrder(twins, one(orderIds), 30),
    () =>
      due.keepHold(
        twins,
        one(orderIds),
        new Date(twins.now().getTime() + chance.whole(-100, 900) * 1000),
      ),
    () =>
      fillOrder(twins, { ...newOrder(one(orderIds), one(eventIds), twins.now(), createChance(1)) }),
    () => noteTickets(one(orderIds)),
    () => events.confirmedRows(twins, orderIds),
    () => events.isRefundable(twins, one(eventIds), chance.pick([0, 1000])),
    () => refunds.claimRefunds(twins, 10),
    () => refunds.findPending(twins, one(orderIds)),
    () => findCancelled(twins, 10),
    () => findWaiting(twins, 10),
    () => {
      const orderId = one(orderIds)
      return refunds.finishRefund(twins, one(refundIds), 'REFUNDED', told(orderId))
    },
    // What was sent is forgotten a moment later, in one database after the other.
    () => outbox.settle().then(() => outbox.sweep()),
  ]
  for (const id of eventIds) await keep(id)
  for (let step = 0; step < 70; step++) await chance.pick(steps)()
  await outbox.settle()
}
