import * as assert from 'uvu/assert'
import { signed } from '../../../compose/bank/webhooks.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { paymentIdOf } from '../provider.ts'
import {
  look,
  newOrder,
  openPayments,
  until,
  webhookKey,
  type OrderOfTest,
  type Payments,
} from './support.ts'

const path = '/v1/payments/webhooks/sandbox'

describe('a webhook', (it) => {
  let payments: Payments
  const now = new Date('2026-11-20T12:00:00.700Z')
  const nowSeconds = Math.floor(now.getTime() / 1000)
  it.before(async () => {
    payments = await openPayments()
    payments.deps.now = () => now
  })
  it.after(() => payments.close())

  const send = (text: string, signature = signed(webhookKey, text, nowSeconds)) =>
    payments.ask('POST', path, text, { 'bank-signature': signature })
  const chargeNews = ({ orderId, amount }: OrderOfTest, status: string, more: object = {}) => ({
    id: `evt_${newId()}`,
    type: `charge.${status}`,
    createdAt: now.toISOString(),
    data: {
      charge: {
        id: 'ch_1',
        key: orderId,
        status,
        ...amount,
        method: 'CARD',
        reference: paymentIdOf(orderId),
        refundedMinor: 0,
        ...more,
      },
    },
  })
  const statusOf = (orderId: string) =>
    look(payments.deps.database, `select status from payments where order_id = $1`, [orderId])
  const parkedOf = (id: string) =>
    look(payments.deps.database, `select parked from provider_events where id = $1`, [id])

  it('is taken with 200 and no body', async () => {
    const order = newOrder()
    const { status, text } = await send(JSON.stringify(chargeNews(order, 'succeeded')))
    assert.equal([status, text], [200, ''])
    assert.is(await statusOf(order.orderId), 'SUCCESS')
  })

  it('is refused without a good signature over the bytes that came', async () => {
    const order = newOrder()
    const text = JSON.stringify(chargeNews(order, 'succeeded'))
    const good = signed(webhookKey, text, nowSeconds)
    const hex = good.slice(-64)
    const bad = {
      'another key': signed('x'.repeat(32), text, nowSeconds),
      'another body': signed(webhookKey, `${text} `, nowSeconds),
      'another time than was signed': good.replace(`t=${nowSeconds}`, `t=${nowSeconds + 1}`),
      'a short signature': good.slice(0, -2),
      'no signature': `t=${nowSeconds}`,
      'no time': `v1=${hex}`,
      'a time that is none': `t=soon,v1=${hex}`,
      'two times': `t=1,${good}`,
      'another scheme': `t=${nowSeconds},v0=${hex}`,
      nothing: '',
    }
    for (const [what, signature] of Object.entries(bad)) {
      const { status, body } = await send(text, signature)
      assert.equal([status, body.code], [400, 'invalid-request'], what)
    }
    const none = await payments.ask('POST', path, text)
    assert.equal([none.status, none.body.code], [400, 'invalid-request'])
    assert.is(await statusOf(order.orderId), undefined)
    assert.is((await send(`${text}\n`, signed(webhookKey, `${text}\n`, nowSeconds))).status, 200)
  })

  it('is taken while a key is being changed: one good signature of several is enough', async () => {
    const text = JSON.stringify(chargeNews(newOrder(), 'succeeded'))
    const good = signed(webhookKey, text, nowSeconds)
    assert.is((await send(text, `${good},v1=${'0'.repeat(64)}`)).status, 200)
    assert.is((await send(text, good.replace(',v1', `,v1=${'0'.repeat(64)},v1`))).status, 200)
  })

  it('is taken up to 300 s from now, both ways', async () => {
    for (const [seconds, status] of [
      [-301, 400],
      [-300, 200],
      [299, 200],
      [300, 200],
      [301, 400],
    ] as const) {
      const text = JSON.stringify(chargeNews(newOrder(), 'succeeded'))
      const answer = await send(text, signed(webhookKey, text, nowSeconds + seconds))
      assert.is(answer.status, status, `${seconds} s`)
      if (status === 400) assert.is(answer.body.code, 'invalid-request')
    }
  })

  it('has its effect once for ever, even when it is sent again years later', async () => {
    const order = newOrder('tok_3ds')
    await payments.charge(order)
    const text = JSON.stringify(chargeNews(order, 'succeeded'))
    await Promise.all(Array.from({ length: 10 }, () => send(text)))
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    await look(
      payments.deps.database,
      `update payments set status = 'PENDING' where order_id = $1`,
      [order.orderId],
    )
    assert.is((await send(text)).status, 200)
    assert.is(await statusOf(order.orderId), 'PENDING')
  })

  it('that overtakes the answer writes the payment, which the answer then completes', async () => {
    const order = newOrder()
    await send(JSON.stringify(chargeNews(order, 'succeeded')))
    assert.equal(await payments.told(order.orderId), ['succeeded'])
    const { status, body } = await payments.charge(order)
    assert.equal([status, body.status], [200, 'SUCCESS'])
    assert.equal(await payments.told(order.orderId), ['succeeded'])
    const payer = await payments.as(order.payerId)
    assert.is((await payer('GET', `/v1/payments/${body.id}`)).status, 200)
  })

  it('publishes what the saga waits for', async () => {
    const [yes, no] = [newOrder('tok_3ds'), newOrder('tok_3ds')]
    await Promise.all([yes, no].map((order) => payments.charge(order)))
    await send(JSON.stringify(chargeNews(yes, 'succeeded')))
    const declined = { declineCode: 'authentication_failed' }
    await send(JSON.stringify(chargeNews(no, 'declined', declined)))
    assert.equal(await payments.told(yes.orderId), ['succeeded!'])
    assert.equal(await payments.told(no.orderId), ['failed!'])
    const { reason } = (await payments.orders('GET', `/v1/payments/of/${no.orderId}`)).body
    assert.is(reason, 'authentication_failed')
  })

  it('that comes late undoes nothing', async () => {
    const paid = newOrder()
    const { body } = await payments.charge(paid)
    for (const status of ['declined', 'cancelled'])
      await send(JSON.stringify(chargeNews(paid, status)))
    assert.is(await statusOf(paid.orderId), 'SUCCESS')
    await payments.refund(body.id, 10_500)
    await send(JSON.stringify(chargeNews(paid, 'succeeded')))
    assert.is(await statusOf(paid.orderId), 'REFUNDED')
    assert.equal(await payments.told(paid.orderId), ['succeeded', 'refunded'])
  })

  it('about nothing that is known is kept and taken', async () => {
    const order = newOrder()
    const strangers = [
      chargeNews(order, 'succeeded', { reference: 'another-shop' }),
      chargeNews(order, 'succeeded', { key: 'another-key' }),
      { ...chargeNews(order, 'succeeded'), type: 'dispute.opened' },
      { ...chargeNews(order, 'succeeded'), data: { charge: { amountMinor: 'much' } } },
      { id: `evt_${newId()}`, type: 'refund.succeeded', data: { refund: { key: newId() } } },
      { id: `evt_${newId()}`, type: 'refund.succeeded', data: { refund: { key: 'not-ours' } } },
    ]
    for (const stranger of strangers) {
      const text = JSON.stringify(stranger)
      assert.is((await send(text)).status, 200)
      assert.is(await parkedOf(stranger.id), text)
      assert.is((await send(text)).status, 200)
    }
    assert.is(await statusOf(order.orderId), undefined)
  })

  it('of a refund that is not known yet is kept, and the refund is paid once when it is asked for', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    const refundId = newId()
    const charge = (await payments.bank('GET', `/charges/${order.orderId}`)).body
    const asked = { chargeId: charge.id, amountMinor: 4000 }
    const refund = (await payments.bank('POST', '/refunds', asked, refundId)).body
    const text = JSON.stringify({ id: 'evt_early', type: 'refund.succeeded', data: { refund } })
    assert.is((await send(text)).status, 200)
    assert.is(await parkedOf('evt_early'), text)
    const { refunded } = (await payments.refund(body.id, 4000, refundId)).body
    assert.is(refunded.amountMinor, 4000)
    assert.is(await payments.moneyOf(order.orderId), 6500)
  })

  it('is refused where it is no JSON, has no id, or is too large, though it is signed', async () => {
    for (const text of ['', 'nonsense', '[]', '{"type":"charge.succeeded"}']) {
      const { status, body } = await send(text)
      assert.equal([status, body.code], [400, 'invalid-request'], text)
    }
    for (const bytes of [70_000, 1024 * 1024]) {
      const large = await send(JSON.stringify({ id: 'evt_1', type: 'x'.repeat(bytes) }))
      assert.equal([large.status, large.body.code], [413, 'body-too-large'])
    }
    const other = await payments.ask('POST', '/v1/payments/webhooks/other', '{}')
    assert.equal([other.status, other.body.code], [400, 'invalid-request'])
  })
})

describe('webhooks of the bank itself', (it) => {
  let payments: Payments
  it.before(async () => {
    payments = await openPayments({ WEBHOOKS: 'on', PROVIDER_SECONDS: '0.5' })
  })
  it.after(() => payments.close())

  const eventsTaken = () =>
    look(payments.deps.database, `select count(*)::int from provider_events where parked is null`)

  it('tell what the answers said before, and change nothing', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    const refunded = (await payments.refund(body.id, 500)).body
    await until(async () => (await eventsTaken()) === 2)
    const found = await payments.orders('GET', `/v1/payments/of/${order.orderId}`)
    assert.equal(found.body, refunded)
    assert.equal(await payments.told(order.orderId), ['succeeded', 'refunded'])
  })

  it('bring the decision of a payer', async () => {
    const order = newOrder('tok_3ds')
    const { body } = await payments.charge(order)
    await fetch(body.nextAction.url, {
      method: 'POST',
      body: new URLSearchParams({ approve: 'true' }),
    })
    await until(async () => (await payments.told(order.orderId)) !== null)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
  })

  it('finish a refund whose answer was lost, and publish it', async () => {
    const order = newOrder()
    const { body } = await payments.charge(order)
    const { refund } = payments.deps.provider
    payments.deps.provider.refund = async (...given) => {
      await refund(...given)
      throw new Error('the answer was lost')
    }
    try {
      assert.is((await payments.refund(body.id, 500)).status, 500)
    } finally {
      payments.deps.provider.refund = refund
    }
    await until(async () => (await payments.told(order.orderId))?.length === 2)
    assert.equal(await payments.told(order.orderId), ['succeeded', 'refunded!'])
  })

  it('tell of a charge that was never answered, after its caller gave up', async () => {
    const order = newOrder('tok_timeout')
    assert.is((await payments.charge(order)).status, 504)
    assert.is(await payments.told(order.orderId), null)
    await until(async () => (await payments.told(order.orderId)) !== null, 12_000)
    assert.equal(await payments.told(order.orderId), ['succeeded!'])
    assert.is((await payments.witness(order.orderId)).length, 1)
  })
})
