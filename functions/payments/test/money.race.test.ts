import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { paymentIdOf } from '../provider.ts'
import { settle } from '../settle.ts'
import { look, newOrder, openPayments, type Payments } from './support.ts'

const rounds = 30

describe('a charge and a void of the same order at once', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => payments.close())

  it('leave no money with us, whoever comes first', async () => {
    const seen = { refused: 0, refunded: 0 }
    for (let round = 0; round < rounds; round++) {
      const order = newOrder()
      const [charge, voided] = await Promise.all([
        payments.charge(order),
        sleep(Math.random() * 8).then(() => payments.void(order.orderId)),
      ])
      assert.ok([200, 409].includes(charge.status), `the charge was answered ${charge.status}`)
      assert.is(voided.status, 200)
      assert.is(await payments.moneyOf(order.orderId), 0)
      const taken = (await payments.witness(order.orderId)).filter(({ charge: one }) => one)
      if (taken.length > 0) seen.refunded += 1
      else seen.refused += 1
      const again = await payments.charge(order)
      assert.equal([again.status, again.body.code], [409, 'payment-fixed'])
    }
    assert.ok(seen.refunded > 0, 'the charge came first at least once')
  })

  it('the twin: a void that looks whether there is a payment, and is done where there is none', async () => {
    const see = statement('twin-see', `select 1 from payments where order_id = $1`)
    let left = 0
    for (let round = 0; round < rounds; round++) {
      const order = newOrder()
      await Promise.all([
        payments.charge(order),
        payments.deps.database
          .query(see, [order.orderId])
          .then((rows) => (rows.length > 0 ? payments.void(order.orderId) : undefined)),
      ])
      if ((await payments.moneyOf(order.orderId)) > 0) left += 1
    }
    assert.ok(left > 0, `${left} of ${rounds} voided orders are paid`)
  })
})

describe('many refunds of one payment at once', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => payments.close())

  const paid = async () => {
    const order = newOrder()
    await payments.charge(order)
    return { ...order, id: paymentIdOf(order.orderId) }
  }

  it('give back no more than came', async () => {
    const { id, orderId } = await paid()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => payments.refund(id, 1000, newId())),
    )
    assert.is(answers.filter(({ status }) => status === 200).length, 10)
    for (const { status, body } of answers)
      if (status !== 200) assert.equal([status, body.code], [409, 'payment-fixed'])
    assert.is(await payments.moneyOf(orderId), 500)
    assert.equal(await balanceOf(id), [10_000, 0])
  })

  it('have the check on the table as their last word', async () => {
    const { id } = await paid()
    const blind = look(
      payments.deps.database,
      `update payments set refund_due_minor = 10501 where id = $1 returning id`,
      [id],
    )
    assert.is(
      await blind.then(
        () => 'written',
        (err: { constraint?: string }) => err.constraint,
      ),
      'payments_refunds',
    )
  })

  it('the twin: without the lock, all of them see that there is enough, and set too much aside', async () => {
    const { id } = await paid()
    await look(payments.deps.database, `alter table payments drop constraint payments_refunds`)
    const see = statement(
      'twin-refundable',
      `select amount_minor - refunded_minor - refund_due_minor >= 1000 as is_enough
       from payments where id = $1`,
    )
    const write = statement(
      'twin-refund',
      `update payments set refund_due_minor = refund_due_minor + 1000 where id = $1`,
    )
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const [row] = await payments.deps.database.query<{ is_enough: boolean }>(see, [id])
        if (row?.is_enough) await payments.deps.database.query(write, [id])
      }),
    )
    const [, due] = await balanceOf(id)
    assert.ok(due > 10_500, `${due} would go back of 10500`)
  })

  const balanceOf = (id: string): Promise<[number, number]> =>
    look(
      payments.deps.database,
      `select jsonb_build_array(refunded_minor, refund_due_minor) from payments where id = $1`,
      [id],
    )
})

describe('many settlements at once', (it) => {
  let payments: Payments
  it.before(async () => (payments = await openPayments({ DATABASE_CONNECTIONS: '20' })))
  it.after(() => payments.close())

  it('of one order end in success, in every order, and tell it once', async () => {
    const outcomes = ['succeeded', 'declined', 'requires-action', 'cancelled', undefined] as const
    for (let round = 0; round < rounds; round++) {
      const orderId = newId()
      await Promise.all(
        shuffled([...outcomes, ...outcomes]).map((outcome) =>
          settle(payments.deps, outcome && chargeThat(outcome, orderId), {
            orderId,
            attempt: 1,
            payerId: newId(),
            isAwaited: true,
          }),
        ),
      )
      assert.is(
        await look(payments.deps.database, `select status from payments where order_id = $1`, [
          orderId,
        ]),
        'SUCCESS',
      )
      const told = (await payments.told(orderId)) ?? []
      assert.is(told.filter((one) => one === 'succeeded!').length, 1)
      assert.ok(told.length <= 2, told.join())
    }
  })

  it('of many orders go together, and each hears of its own, however its id is spelled', async () => {
    const orderIds = Array.from({ length: 50 }, () => newId())
    const settleAll = (ids: string[]) =>
      Promise.all(
        ids.map((orderId, i) => {
          const charge = chargeThat(i % 3 ? 'succeeded' : 'declined', orderId)
          return settle(payments.deps, charge, { orderId, attempt: 1, isAwaited: i % 2 === 0 })
        }),
      )
    const said = (rows: Awaited<ReturnType<typeof settleAll>>) =>
      rows.map((row) => [row?.payment?.orderId, row?.status, row?.told_type?.split('.')[3]])
    const expected = orderIds.map((orderId, i) =>
      i % 3 ? [orderId, 'SUCCESS', 'succeeded'] : [orderId, 'FAILED', 'failed'],
    )
    assert.equal(said(await settleAll(orderIds)), expected)
    assert.equal(
      said(await settleAll(orderIds.map((id) => id.toUpperCase()))),
      expected.map(([orderId, status]) => [orderId, status, undefined]),
    )
    const sent = await look(
      payments.deps.database,
      `select count(distinct p.xmin::text)::int from payments p where order_id = any($1)`,
      [orderIds],
    )
    assert.ok(sent <= 5, `${sent} statements for 50 orders`)
  })

  it('the twin: where the last one to write wins, a success is lost', async () => {
    await look(payments.deps.database, `create table unguarded (id uuid primary key, status text)`)
    const write = statement(
      'twin-settle',
      `insert into unguarded values ($1, $2) on conflict (id) do update set status = excluded.status`,
    )
    let lost = 0
    for (let round = 0; round < rounds; round++) {
      const id = newId()
      await Promise.all(
        shuffled(['SUCCESS', 'FAILED', 'PENDING']).map((status) =>
          payments.deps.database.query(write, [id, status]),
        ),
      )
      const status = await look(
        payments.deps.database,
        `select status from unguarded where id = $1`,
        [id],
      )
      if (status !== 'SUCCESS') lost += 1
    }
    assert.ok(lost > 0, `${lost} successes of ${rounds} are lost`)
  })
})

const chargeThat = (
  outcome: 'succeeded' | 'declined' | 'requires-action' | 'cancelled',
  orderId: string,
) => ({
  key: orderId,
  outcome,
  reference: 'ch_1',
  paymentId: paymentIdOf(orderId),
  amount: { amountMinor: 10_500, currency: 'INR' },
  method: 'CARD' as const,
  reason: null,
  actionUrl: outcome === 'requires-action' ? 'http://bank.example/3ds/1' : null,
})

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const shuffled = <Item>(items: Item[]): Item[] =>
  items
    .map((item) => [Math.random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item)
