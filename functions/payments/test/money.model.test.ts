import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { signed } from '../../../compose/bank/webhooks.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { finishRefunds } from '../refunds.ts'
import { settleUnsettled } from '../unsettled.ts'
import { paymentIdOf } from '../provider.ts'
import { look, makeDue, newOrder, openPayments, webhookKey, type Payments } from './support.ts'

/*
 * Anything that can happen to the money of one order, in any order and several things at once, against the
 * real Postgres and the real bank. The bank's ledger is the witness: it alone says what was taken and given back.
 */
type Step =
  | { do: 'charge' | 'pay'; token: string }
  | { do: 'decide'; approve: boolean }
  | { do: 'refund'; amountMinor: number; id: 0 | 1 }
  | { do: 'tell'; which: number }
  | { do: 'void' | 'sweep' }

const token = fc.constantFrom('tok_ok', 'tok_ok', 'tok_declined', 'tok_3ds', 'tok_timeout')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('charge', 'pay'), token }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('decide'), approve: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('refund'),
      amountMinor: fc.constantFrom(1, 4000, 10_500, 10_501),
      id: fc.constantFrom(0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tell'), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('void', 'sweep') }) },
) as fc.Arbitrary<Step>

/** Steps of one group begin at the same moment. */
const story = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 6,
})

/** Told first, whatever the time: they lead to every state that the counters ask for. */
const examples: Step[][][] = [
  [[{ do: 'charge', token: 'tok_ok' }], [{ do: 'void' }, { do: 'tell', which: 0 }]],
  [[{ do: 'charge', token: 'tok_timeout' }], [{ do: 'charge', token: 'tok_timeout' }]],
  [
    [{ do: 'charge', token: 'tok_ok' }],
    [{ do: 'sweep' }],
    [{ do: 'refund', amountMinor: 4000, id: 0 }],
  ],
  [[{ do: 'pay', token: 'tok_declined' }], [{ do: 'sweep' }]],
  [[{ do: 'charge', token: 'tok_3ds' }], [{ do: 'charge', token: 'tok_3ds' }]],
]

const storiesMax = 60
const msMax = 5000

describe('the money of an order, whatever happens to it', (it) => {
  let payments: Payments
  /** The last line of the bank's ledger before the story at hand. */
  let told = 0
  const seen = { taken: 0, refunded: 0, voided: 0, declined: 0, waited: 0, unknown: 0 }
  it.before(async () => {
    payments = await openPayments({ PROVIDER_SECONDS: '0.3', DATABASE_CONNECTIONS: '12' })
  })
  it.after(() => payments.close())

  it('is taken once at most, never goes back twice, and both ledgers agree in the end', async () => {
    for (const groups of examples) await tell(groups)
    await fc.assert(fc.asyncProperty(story, tell), {
      numRuns: storiesMax,
      interruptAfterTimeLimit: msMax,
      includeErrorInReport: true,
    })
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, `${what} was never seen`)
  })

  async function tell(groups: Step[][]): Promise<void> {
    const shop = await openShop()
    for (const group of groups) {
      for (const answer of await Promise.all(group.map(shop.take)))
        if (answer) assert.ok(expected.has(answer.status), JSON.stringify(answer))
      checkLedger(await shop.ledger())
    }
    await shop.settle()
    const { taken, back } = checkLedger(await shop.ledger())
    await agree(shop.orderId, taken, back)
  }

  /** 5xx but `time-limit` and `busy` would be a bug. */
  const expected = new Set([200, 202, 402, 404, 409, 422, 503, 504])

  async function openShop() {
    const order = newOrder()
    const { orderId, payerId, amount } = order
    const [intentId, ...refundIds] = [newId(), newId(), newId()]
    const before = (await payments.bank('GET', `/ledger?since=${told}`)).body.entries
    const from = (told = before.at(-1)?.seq ?? told)
    const intent = { orderId, payerId, amount }
    await payments.orders('PUT', `/v1/payments/intents/${intentId}`, intent)
    const payer = await payments.as(payerId)
    /** One story after the other: all that came after its beginning is about its order. */
    const ledger = async (): Promise<any[]> =>
      (await payments.bank('GET', `/ledger?since=${from}`)).body.entries
    const waiting = async () =>
      (await ledger()).findLast(({ charge }) => charge?.status === 'requires_action')?.charge.id

    async function take(one: Step): Promise<{ status: number; body: any } | undefined> {
      switch (one.do) {
        case 'charge':
          return payments.charge({ ...order, means: { method: 'CARD', token: one.token } })
        case 'pay':
          return payer('POST', `/v1/payments/intents/${intentId}/confirm`, {
            method: 'CARD',
            token: one.token,
          })
        case 'decide': {
          const id = await waiting()
          if (id) await payments.bank('POST', `/3ds/${id}`, { approve: one.approve })
          return undefined
        }
        case 'refund':
          return payments.refund(paymentIdOf(orderId), one.amountMinor, refundIds[one.id])
        case 'tell':
          return bring((await ledger())[one.which])
        case 'void':
          return payments.void(orderId)
        case 'sweep':
          await makeDue(payments)
          await Promise.all([settleUnsettled(payments.deps), finishRefunds(payments.deps)])
          return undefined
      }
    }

    /** News as the bank tells it: as things stood when they happened, late and any number of times. */
    async function bring(entry: any) {
      if (!entry?.charge && !entry?.refund) return undefined
      const data = entry.charge ? { charge: entry.charge } : { refund: entry.refund }
      const type = entry.charge ? `charge.${entry.charge.status}` : 'refund.succeeded'
      const text = JSON.stringify({ id: `evt_${entry.id}`, type, data })
      const headers = { 'bank-signature': signed(webhookKey, text) }
      return payments.ask('POST', '/v1/payments/webhooks/sandbox', text, headers)
    }

    /** Quiet: the payer decides, and sweeps go on until nothing is due. */
    async function settle(): Promise<void> {
      await take({ do: 'decide', approve: false })
      for (let round = 0; round < 5; round++) {
        await look(
          payments.deps.database,
          `update payments set pending_since = now() - interval '1 min'`,
        )
        await take({ do: 'sweep' })
      }
    }

    return { orderId, ledger, take, settle }
  }

  /** At no moment was more taken than once, or more given back than was taken. */
  function checkLedger(entries: any[]): { taken: number; back: number } {
    let [taken, back] = [0, 0]
    for (const { type, charge, refund, status } of entries) {
      if (charge?.status === 'succeeded' || (type === 'charge.decided' && status === 'succeeded'))
        taken += 10_500
      if (refund) back += refund.amountMinor
      assert.ok(taken <= 10_500, `${taken} were taken`)
      assert.ok(back <= taken, `${back} of ${taken} went back`)
    }
    return { taken, back }
  }

  async function agree(orderId: string, taken: number, back: number): Promise<void> {
    const row = await look(
      payments.deps.database,
      `select to_jsonb(p) from payments p where order_id = $1`,
      [orderId],
    )
    const {
      status = 'FAILED',
      refunded_minor: refunded = 0,
      void_status: voided = null,
    } = row ?? {}
    const what = `${status}, void ${voided}, ${refunded} back; at the bank ${taken}, ${back} back`
    assert.is.not(status, 'PENDING', what)
    assert.is(status === 'FAILED' ? 0 : 10_500, taken, what)
    assert.is(refunded, back, what)
    assert.is(row?.refund_due_minor ?? 0, 0, what)
    if (voided) assert.equal([voided, taken - back], ['DONE', 0], what)
    seen.taken += Number(taken > 0)
    seen.refunded += Number(back > 0 && back < taken)
    seen.voided += Number(voided !== null && taken > 0)
    seen.declined += Number(row?.reason === 'card_declined')
    seen.waited += Number(row?.reason === 'authentication_failed')
    seen.unknown += Number(row?.is_awaited === true && taken > 0)
  }
})
