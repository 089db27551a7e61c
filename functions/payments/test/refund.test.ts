import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { ProviderFailed } from '../provider.ts'
import { finishRefunds } from '../refunds.ts'
import { look, makeDue, newOrder, openPayments, type Payments } from './support.ts'

describe('POST /v1/payments/:id/refunds', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments()))
  it.after(() => payments.close())

  const paid = async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    return { ...order, id: body.id as string }
  }

  it('gives back in parts, and publishes nothing because the answer says it', async () => {
    const { id, orderId } = await paid()
    const first = await payments.refund(id, 4000)
    assert.is(first.status, 200)
    assert.equal([first.body.status, first.body.refunded.amountMinor], ['PARTIALLY_REFUNDED', 4000])
    const second = (await payments.refund(id, 6500)).body
    assert.equal([second.status, second.refunded.amountMinor], ['REFUNDED', 10_500])
    assert.is(await payments.moneyOf(orderId), 0)
    assert.equal(await payments.told(orderId), ['succeeded', 'refunded', 'refunded'])
  })

  it('pays a refund once, however often it is asked', async () => {
    const { id, orderId } = await paid()
    const refundId = newId()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => payments.refund(id, 4000, refundId)),
    )
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.is((await payments.refund(id, 4000, refundId)).body.refunded.amountMinor, 4000)
    assert.is(await payments.moneyOf(orderId), 6500)
    assert.equal(await payments.told(orderId), ['succeeded', 'refunded'])
  })

  it('refuses the same refund with another amount, or for another payment', async () => {
    const [one, other] = [await paid(), await paid()]
    const refundId = newId()
    await payments.refund(one.id, 4000, refundId)
    for (const refused of [
      await payments.refund(one.id, 4001, refundId),
      await payments.refund(other.id, 4000, refundId),
    ])
      assert.equal([refused.status, refused.body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(other.orderId), 10_500)
  })

  it('never gives back more than came, and says how much there is', async () => {
    const { id, orderId } = await paid()
    await payments.refund(id, 10_000)
    const { status, body } = await payments.refund(id, 501)
    assert.equal([status, body.code], [409, 'payment-fixed'])
    assert.equal(body.refundable, { amountMinor: 500, currency: 'INR' })
    assert.equal(body.captured, { amountMinor: 10_500, currency: 'INR' })
    assert.is(await payments.moneyOf(orderId), 500)
  })

  it('refuses what is not money of the payment', async () => {
    const { id } = await paid()
    const nothing = await payments.refund(id, 0)
    assert.equal([nothing.status, nothing.body.code], [409, 'payment-fixed'])
    const dollars = await payments.orders('POST', `/v1/payments/${id}/refunds`, {
      refundId: newId(),
      amount: { amountMinor: 1, currency: 'USD' },
    })
    assert.equal([dollars.status, dollars.body.code], [409, 'payment-fixed'])
    const unknown = await payments.refund(newId(), 1)
    assert.equal([unknown.status, unknown.body.code], [404, 'not-found'])
    const declined = newOrder('tok_declined')
    const { payment } = (await payments.charge(declined)).body
    assert.is((await payments.refund(payment.id, 1)).body.code, 'payment-fixed')
  })

  it('stands as due before the bank is asked, and is finished by the sweep, which publishes it', async () => {
    const { id, orderId } = await paid()
    const { refund } = payments.deps.provider
    let asked = 0
    payments.deps.provider.refund = async (...given) => {
      asked += 1
      // The money goes back, and the answer is lost.
      if (asked === 1) await refund(...given)
      throw new ProviderFailed('unknown', new Error('time limit'))
    }
    const refundId = newId()
    try {
      const { status, body } = await payments.refund(id, 4000, refundId)
      assert.equal([status, body.code], [504, 'time-limit'])
      assert.is((await payments.refund(id, 6501)).body.refundable.amountMinor, 6500)
      await makeDue(payments)
      assert.is(await finishRefunds(payments.deps), 1)
      assert.is(await finishRefunds(payments.deps), 0, 'it waits before it is tried again')
    } finally {
      payments.deps.provider.refund = refund
    }
    assert.is(await statusOf(refundId), 'PENDING')
    await makeDue(payments)
    assert.is(await finishRefunds(payments.deps), 1)
    assert.is(await statusOf(refundId), 'SUCCESS')
    assert.is(await payments.moneyOf(orderId), 6500)
    assert.equal(await payments.told(orderId), ['succeeded', 'refunded!'])
    assert.is((await payments.refund(id, 4000, refundId)).body.refunded.amountMinor, 4000)
  })

  it('waits for a twentieth of its age each time, and never gives up', async () => {
    const { id } = await paid()
    const { refund } = payments.deps.provider
    payments.deps.provider.refund = async () => {
      throw new ProviderFailed('none', new Error('away'))
    }
    const refundId = newId()
    const waits: number[] = []
    try {
      assert.is((await payments.refund(id, 1, refundId)).body.code, 'busy')
      for (const age of ['0', '1 min', '10 min', '1 h', '1 day']) {
        await makeDue(payments)
        await look(
          payments.deps.database,
          'update refunds set created_at = now() - $2::interval where id = $1 returning 1',
          [refundId, age],
        )
        assert.is(await finishRefunds(payments.deps), 1)
        waits.push(
          await look(
            payments.deps.database,
            `select round(extract(epoch from due_at - now()))::int from refunds where id = $1`,
            [refundId],
          ),
        )
      }
    } finally {
      payments.deps.provider.refund = refund
    }
    assert.equal(waits, [5, 5, 30, 180, 600])
    await makeDue(payments)
    await finishRefunds(payments.deps)
    assert.is(await statusOf(refundId), 'SUCCESS')
  })

  it('is for the function orders alone', async () => {
    const { id, payerId } = await paid()
    const payer = await payments.as(payerId)
    const { status, body } = await payer('POST', `/v1/payments/${id}/refunds`, {
      refundId: newId(),
      amount: { amountMinor: 1, currency: 'INR' },
    })
    assert.equal([status, body.code], [403, 'forbidden'])
  })

  const statusOf = (refundId: string) =>
    look(payments.deps.database, `select status from refunds where id = $1`, [refundId])
})
