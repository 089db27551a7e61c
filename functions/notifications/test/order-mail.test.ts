import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import {
  messagesOf,
  openNotifications,
  orderOf,
  until,
  type Notifications,
  type Order,
} from './support.ts'

describe('what happens to an order', (it) => {
  let app: Notifications
  it.before(async () => (app = await openNotifications()))
  it.after(() => app.close())

  /** The mail that a buyer gets about his order. */
  async function mailFor(what: string, more: Partial<Order>) {
    const { userId, email } = await app.register()
    const order = orderOf(userId, more)
    assert.is((await app.tell(what, order)).status, 204)
    await until(() => app.mails.to(email).length > 0)
    const { subject = '', text = '', html = '' } = app.mails.to(email)[0]?.mail ?? {}
    return { order, email, subject, text: text.replaceAll('\r\n', '\n'), html }
  }
  const nothing = { amountMinor: 0, currency: 'INR' }

  it('expired: the time is over, nothing is charged', async () => {
    const { subject, text, html } = await mailFor('cancelled', {
      status: 'EXPIRED',
      reason: 'expired',
      refunded: nothing,
    })
    assert.is(subject, 'Your order for The Tempest was cancelled')
    assert.match(
      text,
      /^Hello Asha Rao,\n\nThe time to pay for your seats at The Tempest is over\./,
    )
    assert.match(text, /You pay nothing\. If your payment of INR 1,050\.00 went through after all/)
    assert.match(html, /<p>The time to pay for your seats at The Tempest is over\./)
  })

  it('cancelled: says so, and what of the money; where there was none to pay, that', async () => {
    const { text } = await mailFor('cancelled', { status: 'CANCELLED', refunded: nothing })
    assert.match(text, /Your order for The Tempest was cancelled\.\n\nYou pay nothing\./)
    const free = await mailFor('cancelled', {
      status: 'CANCELLED',
      refunded: nothing,
      total: nothing,
    })
    assert.match(free.text, /There was nothing to pay\./)
  })

  it('failed after the payment: why, and that all of it comes back', async () => {
    for (const [reason, why] of [
      ['seats-lost', 'while your payment was on its way, the seats were lost'],
      ['event-cancelled', 'the event was cancelled'],
      ['refunded-late-payment', 'we could not complete it'],
    ]) {
      const { text, subject } = await mailFor('failed', {
        status: 'FAILED',
        reason: reason ?? null,
        refunded: nothing,
      })
      assert.is(subject, 'Your order for The Tempest failed: your money is on its way back')
      assert.ok(text.includes(why ?? ''), text)
      assert.match(text, /INR 1,050\.00 is on its way back to the card or account/)
    }
  })

  it('failed before the payment: nothing, the buyer has had his answer', async () => {
    for (const reason of ['declined', 'insufficient_funds', 'seat-taken', 'voided', null]) {
      const order = orderOf(newId(), { status: 'FAILED', reason, refunded: nothing })
      assert.is((await app.tell('failed', order)).status, 204)
      assert.is(await messagesOf(app.deps, order.orderId), '', String(reason))
    }
  })

  it('refunded in part: how much, which seats, and which tickets stay', async () => {
    const order = orderOf(newId())
    const { text, subject } = await mailFor('refunded', {
      status: 'CONFIRMED',
      lines: order.lines.map((line, i) => ({ ...line, refunded: i === 0 })),
      refunded: { amountMinor: 52_500, currency: 'INR' },
    })
    assert.is(subject, 'Refund of your order for The Tempest')
    assert.match(text, /A part of your order for The Tempest is refunded: A-1\./)
    assert.match(text, /INR 525\.00 of INR 1,050\.00 is on its way back/)
    assert.match(text, /Your tickets for A-2 stay as they are\./)
  })

  it('refunded whole: the amount, and that the tickets are no longer good', async () => {
    const { text } = await mailFor('refunded', {})
    assert.match(text, /is refunded\. Its tickets no longer let you in\./)
    assert.match(text, /INR 1,050\.00 is on its way back/)
    const yen = { amountMinor: 1050, currency: 'JPY' }
    assert.match((await mailFor('refunded', { total: yen, refunded: yen })).text, /JPY 1,050 is on/)
  })

  it('refunded because its event was cancelled: that', async () => {
    const { order, subject, text } = await mailFor('refunded', { reason: 'event-cancelled' })
    assert.is(subject, 'The Tempest is cancelled: your money is on its way back')
    assert.match(text, /The Tempest was cancelled\. Your tickets no longer let you in\./)
    await until(async () => (await messagesOf(app.deps, order.orderId)) === 'event-cancelled SENT')
  })

  it('is told once for each thing that happens, however often it is delivered', async () => {
    const { userId, email } = await app.register()
    const order = orderOf(userId, { status: 'CONFIRMED', version: 4 })
    const next = { ...order, status: 'REFUNDED' as const, version: 6 }
    for (const one of [order, order, next, order, next]) await app.tell('refunded', one)
    await until(() => app.mails.to(email).length === 2)
    await until(
      async () =>
        (await messagesOf(app.deps, order.orderId)) === 'order-refunded SENT, order-refunded SENT',
    )
    const over = orderOf(userId, { status: 'CANCELLED', refunded: nothing })
    await app.tell('cancelled', over)
    await app.tell('cancelled', { ...over, version: over.version + 1 })
    await until(() => app.mails.to(email).length === 3)
    assert.is((await messagesOf(app.deps, over.orderId)).split(',').length, 1)
  })

  it('is not taken from a CloudEvent without a valid signature', async () => {
    const order = orderOf(newId())
    const answer = await app.deliver('dev.boxoffice.order.refunded.v1', order.orderId, order, {
      sig: 'forged',
    })
    assert.equal([answer.status, answer.body.code], [401, 'unsigned-event'])
    assert.is(await messagesOf(app.deps, order.orderId), '')
  })
})
