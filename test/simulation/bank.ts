import { randomUUID } from 'node:crypto'
import { createApi, Refused } from '../../compose/bank/api.ts'
import { createBook } from '../../compose/bank/book.ts'
import type { Entry, Fact } from '../../compose/bank/ledger.ts'
import { signed } from '../../compose/bank/webhooks.ts'
import { KeyReused, ProviderFailed, type Provider } from '../../functions/payments/provider.ts'
import { BankCharge, chargeOf } from '../../functions/payments/sandbox-charge.ts'
import { readNews } from '../../functions/payments/sandbox-webhook.ts'
import type { Fault } from './faults.ts'
import type { Process } from './process.ts'
import { through, type World } from './world.ts'

export const webhookKey = 'the key that the bank signs with, here'

const limitMs = 5000
const webhookTriesMax = 12

/** The sandbox bank with its ledger in memory, behind the port that payments has for providers. */
export type Bank = {
  entries: Entry[]
  provider(process: Process): Provider
  /** The payer answers his bank. */
  decide(key: string, approve: boolean): void
  /** Webhooks that are not taken yet. */
  waiting(): number
}

/** Gives the answer's status, or 0. */
export type Post = (body: string, signature: string) => Promise<number>

const kinds: readonly Fault[] = [
  'before',
  'lost',
  'lost',
  'delay',
  'twice',
  'crash-before',
  'crash-after',
]

export function createBank(world: World, post: Post): Bank {
  const { clock, chance, counters, faults } = world
  const entries: Entry[] = []
  const book = createBook()
  let waiting = 0

  /** Told at least once, in no order, now and then before the answer; and told again until it is taken. */
  function tell(body: string, tries = 0): void {
    const wayMs = chance.is(0.25) ? chance.next() : chance.whole(20, faults.isOn() ? 20_000 : 500)
    waiting += 1
    clock.after(tries === 0 ? wayMs : 1000 * 2 ** tries, () => {
      if (tries === 0 && wayMs < 1) counters['webhook-early'] += 1
      if (faults.at('bank->payments webhook', ['twice'])) void post(body, signed(webhookKey, body))
      void send(body, tries)
    })
  }

  async function send(body: string, tries: number): Promise<void> {
    const status = await post(body, signed(webhookKey, body))
    waiting -= 1
    if ((status < 200 || status > 299) && tries < webhookTriesMax) tell(body, tries + 1)
  }

  function record(fact: Fact): void {
    const id = randomUUID()
    const entry = { seq: entries.length + 1, id, at: new Date().toISOString(), ...fact }
    entries.push(entry)
    const webhook = book.apply(entry)
    if (webhook) tell(webhook.body)
  }
  const api = createApi({ book, record, actionUrl: (id) => `http://bank.example/3ds/${id}` })

  function provider(process: Process): Provider {
    const ask = <Result>(call: string, effect: () => Result | Promise<Result>) =>
      through<Result>(world, process, {
        site: `payments->bank ${call}`,
        effect,
        kinds,
        none: () => new ProviderFailed('none', new Error('refused')),
        unknown: () => {
          if (call === 'charge') counters['charge-unknown'] += 1
          return new ProviderFailed('unknown', new Error('no answer'))
        },
        slowMs: [100, 5000],
      })

    return {
      name: 'sandbox',
      charge: (key, { paymentId, amount, means }) =>
        ask('charge', async () => {
          const asked = { ...amount, ...means, reference: paymentId }
          const { body, afterMs = 0 } = refusing(() => api.charge(key, asked))
          await clock.sleep(Math.min(afterMs, limitMs))
          if (afterMs > limitMs) {
            counters['charge-unknown'] += 1
            throw new ProviderFailed('unknown', new Error('no answer'))
          }
          return chargeOf(BankCharge.parse(body))
        }),
      find: (key) =>
        ask('find', () => {
          try {
            return chargeOf(BankCharge.parse(api.find(key).body))
          } catch (err) {
            if (err instanceof Refused && err.status === 404) return undefined
            throw err
          }
        }),
      cancel: (key) => ask('cancel', () => chargeOf(BankCharge.parse(api.cancel(key).body))),
      refund: (refundId, { reference, amount: { amountMinor } }) =>
        ask('refund', () => void api.refund(refundId, { chargeId: reference, amountMinor })),
      verifyWebhook: (body, headers, now) => readNews(webhookKey, body, headers, now),
      close: () => {},
    }
  }

  return {
    entries,
    provider,
    decide(key, approve) {
      const charge = book.charge(key)
      if (charge?.status === 'requires_action') api.decide(charge.id, approve)
    },
    waiting: () => waiting,
  }
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (err) {
    if (err instanceof Refused && err.status === 422) throw new KeyReused()
    throw err
  }
}
