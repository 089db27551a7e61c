import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { startBank } from '../../../compose/bank/bank.ts'
import { askingBank, ledgerFolder, webhookKey } from '../../../compose/bank/test/support.ts'
import type { Means } from '../../../contracts/payments.ts'
import type { App } from '../../_runtime/app.ts'
import { newId } from '../../_runtime/ids.ts'
import { createRuntime } from '../../_runtime/runtime.ts'
import { asking, look } from '../../_runtime/testing/ask.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { createDeps } from '../deps.ts'
import { entities } from '../entities.ts'
import { migrations } from '../migrations/index.ts'
import { paymentIdOf } from '../provider.ts'
import { createReactions } from '../reactions.ts'

/** Payments on a database of its own, with a bank of its own on a real port. */
export async function openPayments(more: Record<string, string> = {}) {
  const door = await openDoor()
  const ledger = ledgerFolder()
  const tellsUs = more.WEBHOOKS === 'on'
  const bank = await startBank({
    ledger: ledger.path,
    webhookKey,
    tells: 'all',
    webhookUrl: tellsUs ? door.url : undefined,
  })
  const config = readConfig({
    ...(await testEnv('payments', migrations)),
    SANDBOX_URL: bank.url,
    SANDBOX_WEBHOOK_KEY: webhookKey,
    ...more,
  })
  const runtime = createRuntime('payments', config, async () => entities)
  const deps = createDeps(runtime, config)
  const app = createApp(
    deps,
    createReactions(deps, async () => {}),
  )
  door.leadsTo(app)
  const asks = asking(app, 'payments')
  const orders = await asks.asFunction('orders')
  const askBank = askingBank(bank)

  return {
    deps,
    ...asks,
    orders,
    bank: askBank,
    charge: (order: OrderOfTest) =>
      orders('POST', '/v1/payments/charge', order, { 'idempotency-key': order.orderId }),
    refund: (paymentId: string, amountMinor: number, refundId = newId()) =>
      orders('POST', `/v1/payments/${paymentId}/refunds`, {
        refundId,
        amount: { amountMinor, currency: 'INR' },
      }),
    void: (orderId: string) => orders('POST', '/v1/payments/void', { orderId }),
    /** What the bank wrote down about an order, in its own words. */
    async witness(orderId: string): Promise<any[]> {
      const { entries } = (await askBank('GET', '/ledger')).body
      return entries.filter((entry: any) =>
        String(entry.charge?.key ?? entry.key ?? '').startsWith(orderId),
      )
    },
    /** How often the bank took money for an order, under whatever key. */
    async takenFor(orderId: string): Promise<number> {
      const { entries } = (await askBank('GET', '/ledger')).body
      return entries.filter(
        ({ charge }: any) =>
          charge?.status === 'succeeded' && charge.reference === paymentIdOf(orderId),
      ).length
    },
    /** Taken minus given back, by the bank's ledger. */
    async moneyOf(orderId: string, attempt = ''): Promise<number> {
      const { body } = await askBank('GET', `/charges/${orderId}${attempt}`)
      return body.status === 'succeeded' ? body.amountMinor - body.refundedMinor : 0
    },
    /** The events of an order's payment in order; those that are published end with `!`. */
    told: (orderId: string): Promise<string[] | null> =>
      look(
        deps.database,
        `select array_agg(split_part(o.type, '.', 4) || case when u.id is null then '' else '!' end
           order by o.created_at, o.id)
         from outbox o left join outbox_unsent u using (id) where o.payload->>'orderId' = $1`,
        [orderId],
      ),
    async close() {
      await bank.close()
      await runtime.close()
      deps.provider.close()
      await door.close()
      ledger.remove()
      await endTesting()
    },
  }
}

export type Payments = Awaited<ReturnType<typeof openPayments>>

export type OrderOfTest = ReturnType<typeof newOrder>

/** An order of 105.00 that is to be paid with a token. */
export const newOrder = (token = 'tok_ok', orderId = newId()) => ({
  orderId,
  payerId: newId(),
  amount: { amountMinor: 10_500, currency: 'INR' },
  means: { method: 'CARD', token } satisfies Means as Means,
})

/** A port that is known before the app behind it exists. */
async function openDoor() {
  let listener: ReturnType<typeof getRequestListener> | undefined
  const server = createServer((incoming, outgoing) => void listener?.(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/payments/webhooks/sandbox`,
    leadsTo(app: App) {
      listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Makes all that waits for its time due now. */
export async function makeDue({ deps: { database } }: Payments): Promise<void> {
  await look(database, `update payments set check_at = now() - interval '1 s'`)
  await look(database, `update refunds set due_at = now() - interval '1 s'`)
}

export { until, webhookKey } from '../../../compose/bank/test/support.ts'
export { look } from '../../_runtime/testing/ask.ts'
