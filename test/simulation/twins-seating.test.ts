import type { Sql } from '../../functions/_runtime/database.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { createOutbox } from '../../functions/_runtime/outbox.ts'
import { createAllocate, takeBack } from '../../functions/seating/store/allocations.ts'
import { findBuyersSeats } from '../../functions/seating/store/buyers.ts'
import * as events from '../../functions/seating/store/events.ts'
import {
  createEndHold,
  createEndHoldForEver,
  expireHolds,
} from '../../functions/seating/store/end-holds.ts'
import * as holds from '../../functions/seating/store/holds.ts'
import { createPlaceHold } from '../../functions/seating/store/place-hold.ts'
import { insertSeats, readFree } from '../../functions/seating/store/seats.ts'
import { createChance, type Chance } from './chance.ts'
import { createSeatingDatabase } from './database/seating.ts'
import { eventFacts } from './open-market.ts'
import { openTwins, type Twins } from './twins.ts'

/** The database that the simulation has of seating, beside a real one: the same is asked of both. */
describe("the simulation's database of seating", (it) => {
  let twins: Twins
  it.before(async () => (twins = await openTwins('seating', createSeatingDatabase)))
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

/** One statement at a time: of two that go side by side, each database might do another one first. */
function inTurn(twins: Twins): Sql {
  let last: Promise<unknown> = Promise.resolve()
  return {
    query: (...asked) => {
      const own = last.then(() => twins.query<any>(...asked))
      last = own.catch(() => {})
      return own
    },
  }
}

async function story(twins: Twins, chance: Chance): Promise<void> {
  const [eventIds, seatIds, holdIds] = [ids(2), ids(5), ids(6)]
  const [orderIds, buyerIds] = [ids(3), ids(2)]
  const place = createPlaceHold(inTurn(twins))
  const allocate = createAllocate(inTurn(twins))
  const endHold = createEndHold(inTurn(twins))
  const endHoldForEver = createEndHoldForEver(inTurn(twins))
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const broker = { publish: async () => chance.is(0.7), atOnceMax: 16, close: () => {} }
  const outbox = createOutbox({ database: twins, broker, log })
  const some = () => seatIds.filter(() => chance.is(0.4))
  const one = <Item>(items: Item[]) => chance.pick(items)
  /** Those that come in the same turn go in one statement. */
  const several = (ask: () => Promise<unknown>) =>
    Promise.all(Array.from({ length: chance.whole(1, 3) }, ask))
  const placeOne = () =>
    place({
      id: one(holdIds),
      eventId: one(eventIds),
      buyerId: one(buyerIds),
      // Nobody asks for a hold without seats: the contract refuses it.
      seatIds: [...new Set([one(seatIds), ...some()])],
      orderId: chance.is(0.5) ? one(orderIds) : null,
      seconds: 300,
      seatsPerBuyerMax: 5,
    })
  const keep = (id: string) => {
    const status = chance.pick(['ON_SALE', 'ON_SALE', 'ON_SALE', 'CANCELLED'])
    const facts = eventFacts(id, status, chance.whole(1, 3), twins.now().getTime())
    const seatsPerBuyerMax = chance.pick([null, 2, 4])
    return events.keepEvent(twins, { ...facts, seatsPerBuyerMax } as never)
  }
  const steps: (() => Promise<unknown>)[] = [
    () => keep(one(eventIds)),
    () => twins.advance(chance.whole(1, 400)),
    ...Array.from({ length: 4 }, () => () => several(placeOne)),
    () => holds.findHold(twins, one(holdIds)),
    () => {
      const [id, buyerId, orderId] = [one(holdIds), one(buyerIds), one(orderIds)]
      return holds.bindHold(twins, { id, buyerId, orderId, eventId: one(eventIds) })
    },
    () => several(() => endHold(one(holdIds), one(buyerIds))),
    () => several(() => endHoldForEver(one(holdIds), one(orderIds))),
    () => expireHolds(twins, 10),
    () => {
      const [id, buyerId] = [one(holdIds), one(buyerIds)]
      return holds.lengthenHold(twins, { id, buyerId, seconds: 300, secondsMax: 500 })
    },
    ...Array.from(
      { length: 3 },
      () => () =>
        several(() => {
          const [orderId, holdId, eventId] = [one(orderIds), one(holdIds), one(eventIds)]
          return allocate({ orderId, holdId, eventId, seatIds: [one(seatIds)] })
        }),
    ),
    () => takeBack(twins, one(orderIds), some()),
    () => findBuyersSeats(twins, one(eventIds), one(buyerIds), 5),
    () => events.findSale(twins, one(eventIds)),
    () => events.noteAvailability(twins, eventIds),
    () => events.recentlySold(twins, 600),
    () => readFree(twins, one(eventIds), null, 3),
    () => {
      const data = { eventId: one(eventIds), version: 1, total: 1, unsold: 1 }
      const row = outbox.row('dev.boxoffice.seats.soldout.v1', data.eventId, data)
      return twins.transaction((tx) => outbox.write(tx, [row])).then(() => outbox.send([row]))
    },
    // What was sent is forgotten a moment later, in one database after the other.
    () => outbox.settle().then(() => outbox.sweep()),
  ]
  for (const id of eventIds) await keep(id)
  const seats = seatIds.map((id, ordinal) => ({
    id,
    ordinal,
    label: `A-${ordinal}`,
    section: 'A',
    row: 'A',
    number: ordinal,
    priceMinor: 1e4,
  }))
  await insertSeats(twins, eventIds[0] as string, seats)
  for (let step = 0; step < 60; step++) await chance.pick(steps)()
  await outbox.settle()
}
