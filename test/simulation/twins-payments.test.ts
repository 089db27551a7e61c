import { describe } from '../../functions/_runtime/test.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import { paymentIdOf } from '../../functions/payments/provider.ts'
import * as intents from '../../functions/payments/store/intents.ts'
import * as payments from '../../functions/payments/store/payments.ts'
import { isFirstEvent } from '../../functions/payments/store/provider-events.ts'
import * as refunds from '../../functions/payments/store/refunds.ts'
import { createSettle, type Settlement } from '../../functions/payments/store/settle.ts'
import * as voids from '../../functions/payments/store/voids.ts'
import { createChance, type Chance } from './chance.ts'
import { createPaymentsDatabase } from './database/payments.ts'
import { openTwins, type Twins } from './twins.ts'

/** The database that the simulation has of payments, beside a real one: the same is asked of both. */
describe("the simulation's database of payments", (it) => {
  let twins: Twins
  it.before(async () => (twins = await openTwins('payments', createPaymentsDatabase)))
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

function settlementOf(orderId: string, chance: Chance, eventIds: string[]): Settlement {
  const isKnown = chance.is(0.8)
  const eventId = chance.is(0.3) ? chance.pick(eventIds) : null
  return {
    payment_id: paymentIdOf(orderId),
    order_id: orderId,
    provider: 'sandbox',
    payer_id: chance.is(0.6) ? newId() : null,
    amount_minor: isKnown ? 10500 : null,
    currency: isKnown ? 'INR' : null,
    method: isKnown ? 'CARD' : null,
    status: chance.pick(['PENDING', 'SUCCESS', 'FAILED']),
    attempt: chance.whole(1, 2),
    provider_reference: isKnown ? 'ch_1' : null,
    reason: chance.pick([null, 'card_declined']),
    next_action_url: chance.is(0.2) ? 'http://bank.example/3ds' : null,
    is_awaited: chance.is(0.4),
    told_id: newId(),
    correlationid: newId(),
    traceparent: newId(),
    event_id: eventId,
    event_type: eventId && 'charge.succeeded',
  }
}

async function story(twins: Twins, chance: Chance): Promise<void> {
  const [orderIds, refundIds, eventIds] = [ids(2), ids(4), ids(3)]
  const settle = createSettle(twins)
  const one = <Item>(items: Item[]) => chance.pick(items)
  const thread = () => ({ id: newId(), correlationid: 'c', traceparent: '' })
  const refund = (orderId: string) =>
    twins
      .transaction(async (tx) => {
        const paymentId = paymentIdOf(orderId)
        // There is nothing to give back of what nobody knows the amount of.
        if (!(await payments.lockPayment(tx, paymentId))?.payment) return
        await refunds.insertRefund(tx, { id: one(refundIds), paymentId, amountMinor: 4000 })
        await refunds.findRefund(tx, one(refundIds))
      })
      // Refused: too much, or the same once more.
      .catch((err: { code?: string }) => {
        if (!['23505', '23514'].includes(err.code ?? '')) throw err
      })
  const settleOne = () => settle(settlementOf(one(orderIds), chance, eventIds))
  // Those of one moment go in one statement.
  const settleAll = () =>
    Promise.all(orderIds.map((id) => settle(settlementOf(id, chance, eventIds))))
  const steps: (() => Promise<unknown>)[] = [
    () => twins.advance(chance.whole(1, 40)),
    settleOne,
    settleOne,
    settleAll,
    settleAll,
    () => payments.findPaymentRow(twins, paymentIdOf(one(orderIds))),
    () => payments.claimUnsettled(twins, 10),
    () => {
      const amount = { amountMinor: 10_500, currency: 'INR' }
      const [id, orderId] = [one(orderIds), one(orderIds)]
      return intents.insertIntent(twins, { id, orderId, payerId: newId(), amount })
    },
    () => intents.findIntent(twins, one(orderIds)),
    () => intents.findIntentOfOrder(twins, one(orderIds)),
    () => intents.openNextAttempt(twins, one(orderIds), 1),
    () => {
      const event = {
        id: one(eventIds),
        type: 'refund.succeeded',
        parked: chance.pick([null, '{}']),
      }
      return isFirstEvent(twins, { provider: 'sandbox', ...event })
    },
    ...[refund, refund].map((make) => () => make(one(orderIds))),
    () => refunds.dueRefundsOf(twins, paymentIdOf(one(orderIds))),
    () => refunds.finishRefund(twins, one(refundIds), thread(), chance.is(0.5)),
    () => refunds.claimRefunds(twins, 10),
    () => {
      const orderId = one(orderIds)
      return chance.is(0.3)
        ? voids.beginVoid(twins, { orderId, paymentId: paymentIdOf(orderId) })
        : settleOne()
    },
    () => voids.endVoid(twins, one(orderIds), thread()),
    () => {
      const taken = { attempt: 1, provider: 'sandbox', reference: 'ch_2', amountMinor: 10_500 }
      const paymentId = paymentIdOf(one(orderIds))
      return chance.is(0.3)
        ? voids.noteTaken(twins, { paymentId, ...taken, currency: 'INR', method: 'CARD' })
        : settleOne()
    },
  ]
  for (let step = 0; step < 50; step++) await chance.pick(steps)()
}
