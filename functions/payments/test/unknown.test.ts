import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue, newOrder, openPayments, type Payments } from './support.ts'

/** Below what `tok_slow` takes. */
const impatient = { PROVIDER_SECONDS: '0.5' }

describe('a charge without an answer', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments(impatient)))
  it.after(() => payments.close())

  const statusOf = (orderId: string) =>
    look(payments.deps.database, `select status from payments where order_id = $1`, [orderId])

  it('is unknown and not failed; asked again, it is the same charge', async () => {
    const order = newOrder('tok_timeout')
    const unknown = await payments.charge(order)
    assert.equal([unknown.status, unknown.body.code], [504, 'time-limit'])
    assert.is(await statusOf(order.orderId), 'PENDING')
    assert.is(await payments.told(order.orderId), null)
    const again = await payments.charge(order)
    assert.equal([again.status, again.body.status], [200, 'SUCCESS'])
    assert.is((await payments.witness(order.orderId)).length, 1)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
  })

  it('takes the money once, however often it is asked for', async () => {
    const order = newOrder('tok_timeout')
    for (let i = 0; i < 3; i++) await payments.charge(order)
    assert.is(await payments.takenFor(order.orderId), 1)
  })

  it('is settled by the sweep, which publishes it', async () => {
    const order = newOrder('tok_timeout')
    await payments.charge(order)
    assert.is(await settleUnsettled(payments.deps), 0)
    await makeDue(payments)
    assert.is(await settleUnsettled(payments.deps), 1)
    assert.is(await statusOf(order.orderId), 'SUCCESS')
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })

  it('ends with the time of its caller, and still leaves its row', async () => {
    const order = newOrder('tok_slow')
    const start = performance.now()
    const { status } = await payments.orders('POST', '/v1/payments/charge', order, {
      'idempotency-key': order.orderId,
      'x-deadline-ms': '350',
    })
    assert.is(status, 504)
    assert.ok(performance.now() - start < 450)
    assert.is(await statusOf(order.orderId), 'PENDING')
  })

  it('is not begun where the time is over already', async () => {
    const order = newOrder()
    const { status, body } = await payments.orders('POST', '/v1/payments/charge', order, {
      'idempotency-key': order.orderId,
      'x-deadline-ms': '20',
    })
    assert.equal([status, body.code], [504, 'time-limit'])
    assert.equal(await payments.witness(order.orderId), [])
  })

  it('that never arrived is cancelled after a while, so that it cannot arrive later', async () => {
    const order = newOrder()
    await payments.deps.settle({
      ...unknownSettlement(order.orderId),
      payment_id: newId(),
    })
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.is(await statusOf(order.orderId), 'PENDING')
    await look(
      payments.deps.database,
      `update payments set check_at = now(), pending_since = now() - interval '31 s' where order_id = $1`,
      [order.orderId],
    )
    await settleUnsettled(payments.deps)
    assert.is(await statusOf(order.orderId), 'FAILED')
    assert.equal(await payments.told(order.orderId), ['failed!'])
    const late = await payments.charge(order)
    assert.equal([late.status, late.body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(order.orderId), 0)
  })

  it('is counted as unknown', async () => {
    await payments.charge(newOrder('tok_timeout'))
    await payments.charge(newOrder('tok_declined'))
    const { text } = await payments.ask('GET', '/metrics')
    assert.match(text, /payments_failed_total{reason="unknown",function="payments"} [1-9]/)
    assert.match(text, /payments_failed_total{reason="card_declined",function="payments"} 1/)
  })
})

describe('a bank that is away', (it) => {
  let payments: Payments
  it.before(async () => {
    payments = await openPayments({ ...impatient, SANDBOX_URL: 'http://127.0.0.1:9' })
  })
  it.after(() => payments.close())

  it('makes a charge busy, because nothing was asked', async () => {
    const order = newOrder()
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.code], [503, 'busy'])
    assert.is(
      await look(payments.deps.database, `select count(*)::int from payments where order_id = $1`, [
        order.orderId,
      ]),
      0,
    )
    const found = await payments.orders('GET', `/v1/payments/of/${order.orderId}`)
    assert.equal([found.status, found.body.code], [503, 'busy'])
  })

  it('makes a void busy, and a charge that comes later meets the void', async () => {
    const order = newOrder()
    assert.is((await payments.void(order.orderId)).body.code, 'busy')
    assert.is(
      await look(payments.deps.database, `select void_status from payments where order_id = $1`, [
        order.orderId,
      ]),
      'OPEN',
    )
    await makeDue(payments)
    assert.is(await settleUnsettled(payments.deps), 1)
  })
})

const unknownSettlement = (orderId: string) => ({
  order_id: orderId,
  payer_id: newId(),
  amount_minor: 10_500,
  currency: 'INR',
  method: 'CARD',
  status: 'PENDING' as const,
  attempt: 1,
  provider: 'sandbox',
  provider_reference: null,
  reason: null,
  next_action_url: null,
  is_awaited: true,
  told_id: newId(),
  correlationid: '-',
  traceparent: '',
  event_id: null,
  event_type: null,
})
