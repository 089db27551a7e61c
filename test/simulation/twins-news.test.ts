import { describe } from '../../functions/_runtime/test.ts'
import { derivedId, newId } from '../../functions/_runtime/ids.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import * as deliveries from '../../functions/notifications/store/deliveries.ts'
import { createReleaseMessages, keepContact } from '../../functions/notifications/store/contacts.ts'
import { createInsertMessage } from '../../functions/notifications/store/messages.ts'
import { keepEvent } from '../../functions/tickets/store/events.ts'
import { createFollowOrder } from '../../functions/tickets/store/follow-orders.ts'
import { createChance, type Chance } from './chance.ts'
import { createNotificationsDatabase } from './database/notifications.ts'
import { createTicketsDatabase } from './database/tickets.ts'
import { eventFacts } from './open-market.ts'
import { openTwins, type Twins } from './twins.ts'

const ids = (count: number) => Array.from({ length: count }, () => newId())

/** The databases that the simulation has of tickets and notifications, each beside a real one. */
describe("the simulation's database of tickets", (it) => {
  let twins: Twins
  it.before(async () => (twins = await openTwins('tickets', createTicketsDatabase)))
  it.after(() => twins.close())

  it('says and keeps what Postgres does, whatever is told', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await follow(twins, createChance(seed))
      await twins.compareTables()
      await twins.clear()
    }
  })
})

async function follow(twins: Twins, chance: Chance): Promise<void> {
  const [seatIds, eventIds] = [ids(6), ids(2)]
  // Most seats are in one order, some in two.
  const orders = ids(4).map((orderId) => ({
    orderId,
    seatIds: seatIds.filter(() => chance.is(0.4)),
  }))
  const followed = createFollowOrder(twins)
  const followOne = async () => {
    const { orderId, seatIds: own } = chance.pick(orders)
    const status = chance.pick(['CONFIRMED', 'CONFIRMED', 'CANCELLED', 'REFUNDED'])
    const lines = own.map((seatId) => ({
      ticketId: derivedId(orderId, seatId),
      seatId,
      label: 'A-1',
      isRefunded: chance.is(0.2),
    }))
    const isIssued = status === 'CONFIRMED' && lines.some(({ isRefunded }) => !isRefunded)
    const issued = {
      id: newId(),
      aggregatetype: 'tickets',
      aggregateid: orderId,
      payload: { orderId },
      correlationid: 'c',
      traceparent: '',
      type: 'dev.boxoffice.tickets.issued.v1' as const,
    }
    await followed({
      orderId,
      version: chance.whole(1, 4),
      status,
      eventId: chance.pick(eventIds),
      eventTitle: 'A Play',
      holderId: newId(),
      lines,
      issued: isIssued ? issued : null,
    }).catch((err: { code?: string }) => {
      if (err.code !== '23505') throw err
    })
  }
  for (let step = 0; step < 40; step++) {
    const version = chance.whole(1, 3)
    const facts = eventFacts(chance.pick(eventIds), 'ON_SALE', version, twins.now().getTime())
    if (chance.is(0.15)) await keepEvent(twins, facts as never)
    // Those of one moment go in one statement.
    await Promise.all(Array.from({ length: chance.whole(1, 3) }, followOne))
  }
}

describe("the simulation's database of notifications", (it) => {
  let twins: Twins
  it.before(async () => (twins = await openTwins('notifications', createNotificationsDatabase)))
  it.after(async () => {
    await twins.close()
    await endTesting()
  })

  it('says and keeps what Postgres does, whatever is told', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await mail(twins, createChance(seed))
      await twins.compareTables()
      await twins.clear()
    }
  })
})

async function mail(twins: Twins, chance: Chance): Promise<void> {
  const [orderIds, userIds, messages] = [ids(4), ids(2), ids(16)]
  const insertMessage = createInsertMessage(twins)
  const releaseMessages = createReleaseMessages(twins)
  const insert = (id: string) => {
    const kind = chance.pick(['tickets', 'tickets', 'order-cancelled', 'order-refunded'] as const)
    const draft = {
      recipientId: chance.pick(userIds),
      orderId: chance.pick(orderIds),
      kind,
      orderVersion: chance.whole(0, 1),
      isOver: kind !== 'tickets',
      subject: 'x',
      facts: {},
    }
    return insertMessage({ id, draft: draft as never, sealed: 's', correlationId: 'c' })
  }
  for (let step = 0; step < 40; step++) {
    // Those of one moment go in one statement.
    if (chance.is(0.3)) await Promise.all(messages.splice(0, chance.whole(1, 3)).map(insert))
    if (chance.is(0.1)) {
      const userId = chance.pick(userIds)
      await keepContact(twins, { userId, sealed: 'x', version: 1 })
      if (chance.is(0.7)) await Promise.all(userIds.map(releaseMessages))
    }
    if (chance.is(0.2)) await twins.advance(chance.whole(1, 60))
    if (!chance.is(0.4)) continue
    for (const message of await deliveries.claimMessages(twins, 10, 60))
      if (chance.is(0.8))
        await deliveries.endDelivery(twins, message, {
          outcome: 'UNKNOWN',
          detail: null,
          waitSeconds: 30,
          forgets: false,
          status: chance.pick(['SENT', 'QUEUED', 'FAILED']),
        })
  }
}
