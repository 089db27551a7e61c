import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import type { Ask } from '../../_runtime/testing/ask.ts'
import { settleUnsettled } from '../unsettled.ts'
import { look, makeDue, openPayments, type Payments } from './support.ts'

const amount = { amountMinor: 10_500, currency: 'INR' }

describe('a payment intent', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments({ PROVIDER_SECONDS: '0.5' })))
  it.after(() => payments.close())

  const prepare = (id: string, body: object) =>
    payments.orders('PUT', `/v1/payments/intents/${id}`, body)

  /** An order that waits for its payment, and its payer. */
  async function waiting() {
    const [id, orderId, payerId] = [newId(), newId(), newId()]
    await prepare(id, { orderId, payerId, amount })
    const payer = await payments.as(payerId)
    return { id, orderId, payerId, payer, confirm: confirming(payer, id) }
  }
  const confirming = (payer: Ask, id: string) => (token: string) =>
    payer('POST', `/v1/payments/intents/${id}/confirm`, { method: 'CARD', token })
  const decide = async (orderId: string, approve: boolean) => {
    const { id } = (await payments.bank('GET', `/charges/${orderId}`)).body
    return payments.bank('POST', `/3ds/${id}`, { approve })
  }

  it('is registered by the order, once', async () => {
    const [id, orderId, payerId] = [newId(), newId(), newId()]
    const first = await prepare(id, { orderId, payerId, amount })
    assert.equal(first.body, { id, orderId, status: 'PENDING', amount })
    assert.equal((await prepare(id, { orderId, payerId, amount })).body, first.body)
    for (const refused of [
      await prepare(id, { orderId, payerId, amount: { ...amount, amountMinor: 1 } }),
      await prepare(newId(), { orderId, payerId, amount }),
    ])
      assert.equal([refused.status, refused.body.code], [409, 'payment-fixed'])
    const free = await prepare(newId(), {
      orderId: newId(),
      payerId,
      amount: { ...amount, amountMinor: 0 },
    })
    assert.equal([free.status, free.body.code], [400, 'invalid-request'])
    const user = await (
      await payments.as(payerId)
    )('PUT', `/v1/payments/intents/${id}`, { orderId, payerId, amount })
    assert.equal([user.status, user.body.code], [403, 'forbidden'])
  })

  it('is found by the payer of its order alone', async () => {
    const { id, orderId, payer } = await waiting()
    const find = (ask: Ask, of = orderId) => ask('POST', '/v1/payments/intents', { orderId: of })
    assert.equal((await find(payer)).body, { id, orderId, status: 'PENDING', amount })
    const other = await payments.as(newId(), ['admin'])
    for (const none of [await find(other), await find(payer, newId())])
      assert.equal([none.status, none.body.code], [404, 'not-found'])
    const stolen = await confirming(other, id)('tok_ok')
    assert.equal([stolen.status, stolen.body.code], [404, 'not-found'])
    assert.is((await find(payments.ask)).body.code, 'not-signed-in')
  })

  it('is paid by its payer once, and the order hears of it', async () => {
    const { orderId, payer, confirm } = await waiting()
    const first = await confirm('tok_ok')
    assert.equal([first.status, first.body.status], [200, 'SUCCESS'])
    assert.equal((await confirm('tok_ok')).body, first.body)
    assert.equal((await confirm('tok_other')).body, first.body)
    assert.equal(await payments.told(orderId), ['succeeded!'])
    assert.is((await payments.witness(orderId)).length, 1)
    const { body } = await payer('POST', '/v1/payments/intents', { orderId })
    assert.is(body.status, 'SUCCESS')
  })

  it('stays open when the payer is declined, and the order hears nothing of it', async () => {
    const { orderId, payer, confirm } = await waiting()
    const declined = await confirm('tok_declined')
    assert.equal([declined.status, declined.body.code], [402, 'payment-declined'])
    assert.is(await payments.told(orderId), null)
    const { body } = await payer('POST', '/v1/payments/intents', { orderId })
    assert.is(body.status, 'PENDING')
    assert.is((await confirm('tok_insufficient_funds')).body.reason, 'insufficient_funds')
    assert.is((await confirm('tok_ok')).body.status, 'SUCCESS')
    assert.equal(await payments.told(orderId), ['succeeded!'])
    assert.is(await payments.moneyOf(orderId, ':3'), 10_500)
    assert.equal(
      (await payments.witness(orderId)).map(({ charge }: any) => charge.status),
      ['declined', 'declined', 'succeeded'],
    )
  })

  it('takes no more than ten attempts', async () => {
    const { confirm } = await waiting()
    for (let i = 0; i < 10; i++) assert.is((await confirm('tok_declined')).status, 402)
    const { status, body } = await confirm('tok_ok')
    assert.equal([status, body.code], [409, 'payment-fixed'])
  })

  it('waits for the approval of its payer, and is paid when that comes', async () => {
    const { orderId, confirm } = await waiting()
    const { status, body } = await confirm('tok_3ds')
    assert.equal([status, body.status], [202, 'PENDING'])
    assert.match(body.nextAction.url, '/3ds/')
    assert.is((await confirm('tok_3ds')).status, 202)
    await decide(orderId, true)
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.equal(await payments.told(orderId), ['succeeded!'])
    assert.is((await confirm('tok_3ds')).status, 200)
  })

  it('stays open when its payer does not approve', async () => {
    const { orderId, confirm } = await waiting()
    await confirm('tok_3ds')
    await decide(orderId, false)
    await makeDue(payments)
    await settleUnsettled(payments.deps)
    assert.is(await payments.told(orderId), null)
    assert.is((await confirm('tok_ok')).body.status, 'SUCCESS')
  })

  it('can be paid by other means while an approval is open, which then pays nothing', async () => {
    const { orderId, confirm } = await waiting()
    await confirm('tok_3ds')
    assert.is((await confirm('tok_ok')).body.status, 'SUCCESS')
    assert.is((await decide(orderId, true)).status, 409)
    assert.is(await payments.moneyOf(orderId), 0)
    assert.is(await payments.moneyOf(orderId, ':2'), 10_500)
  })

  it('is not paid again by other means where an attempt without answer has paid', async () => {
    const { orderId, confirm } = await waiting()
    assert.is((await confirm('tok_timeout')).body.code, 'time-limit')
    assert.is((await confirm('tok_ok')).body.status, 'SUCCESS')
    assert.is((await payments.witness(orderId)).length, 1)
    assert.equal(await payments.told(orderId), ['succeeded!'])
  })

  it('is closed by a void, with every attempt of it', async () => {
    const { orderId, payer, confirm } = await waiting()
    await confirm('tok_declined')
    await confirm('tok_3ds')
    const { payment } = (await payments.void(orderId)).body
    assert.equal([payment.status, payment.reason], ['FAILED', 'voided'])
    const second = (await payments.bank('GET', `/charges/${orderId}:2`)).body
    assert.is(second.status, 'cancelled')
    const late = await confirm('tok_ok')
    assert.equal([late.status, late.body.code], [409, 'payment-fixed'])
    assert.is((await payer('POST', '/v1/payments/intents', { orderId })).body.status, 'FAILED')
  })

  it('that is prepared after the void of its order cannot be paid', async () => {
    const [id, orderId, payerId] = [newId(), newId(), newId()]
    await payments.void(orderId)
    const { body } = await prepare(id, { orderId, payerId, amount })
    assert.is(body.status, 'FAILED')
    const late = await confirming(await payments.as(payerId), id)('tok_ok')
    assert.equal([late.status, late.body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(orderId), 0)
  })

  it('is paid once by a payer who presses all buttons at once', async () => {
    const { orderId, confirm } = await waiting()
    const tokens = ['tok_ok', 'tok_declined', 'tok_3ds', 'tok_other', 'tok_ok', 'tok_3ds']
    const answers = await Promise.all(tokens.map(confirm))
    for (const { status } of answers) assert.ok([200, 202, 402, 409, 503].includes(status))
    const taken = (await payments.witness(orderId)).filter(
      ({ charge }: any) => charge?.status === 'succeeded',
    )
    assert.ok(taken.length <= 1, `${taken.length} charges`)
    const status = await look(
      payments.deps.database,
      `select status from payments where order_id = $1`,
      [orderId],
    )
    if (taken.length === 1) assert.is(status, 'SUCCESS')
  })
})
