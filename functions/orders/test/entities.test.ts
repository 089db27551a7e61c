import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime, type Runtime } from '../../_runtime/runtime.ts'
import { describe } from '../../_runtime/test.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { readConfig } from '../config.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { OrderEntity, OrderLineEntity, RefundEntity } from '../order-entity.ts'
import { findOrder } from '../store/orders.ts'
import { beginRefund } from '../store/refunds.ts'

describe('entities', (it) => {
  let runtime: Runtime
  it.before(async () => {
    const config = readConfig(await testEnv('orders', migrations))
    runtime = createRuntime('orders', config, async () => entities)
  })
  it.after(async () => {
    await runtime.close()
    await endTesting()
  })

  it('write what the statements read, and read what they wrote, in the schema of the function', async () => {
    const { database } = runtime
    const em = await database.em()
    const order = em.create(OrderEntity, {
      id: newId(),
      buyerId: newId(),
      eventId: newId(),
      eventTitle: 'A Play',
      status: 'CONFIRMED',
      holdId: newId(),
      currency: 'INR',
      subtotalMinor: 50_000,
      taxMinor: 2500,
      totalMinor: 52_500,
      means: null,
      choice: { seats: ['A-1'] },
    })
    const line = { place: 0, seatId: newId(), label: 'A-1', section: 'Stalls', row: 'A', number: 1 }
    em.create(OrderLineEntity, { order, ...line, priceMinor: 50_000 })
    await em.flush()

    const found = await findOrder(database, order.id)
    assert.equal(
      [found?.totalMinor, found?.choice, found?.lines.map(({ label }) => label)],
      [52_500, { seats: ['A-1'] }, ['A-1']],
    )

    const [id, orderId] = [newId(), order.id]
    const refund = { id, orderId, version: 1, places: [0], amountMinor: 52_500 }
    assert.ok(await beginRefund(database, { ...refund, isWhole: true, reason: null }))
    const kept = await em.fork().findOneOrFail(RefundEntity, { id }, { populate: ['order'] })
    assert.equal([kept.amountMinor, kept.status], [52_500, 'PENDING'])
    assert.equal([kept.order.id, kept.order.status], [orderId, 'REFUNDING'])
  })
})
