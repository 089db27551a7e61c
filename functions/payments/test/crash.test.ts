import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startBank } from '../../../compose/bank/bank.ts'
import { askingBank, ledgerFolder, webhookKey } from '../../../compose/bank/test/support.ts'
import { createDatabase, type Database } from '../../_runtime/database.ts'
import { createLog } from '../../_runtime/log.ts'
import { describe } from '../../_runtime/test.ts'
import { testEnv } from '../../_runtime/testing/env.ts'
import { endTesting } from '../../_runtime/testing/services.ts'
import { serviceToken } from '../../_runtime/testing/tokens.ts'
import { migrations } from '../migrations/index.ts'
import { look, newOrder, until, type OrderOfTest } from './support.ts'

describe('payments that is killed in the middle of a charge', (it) => {
  const ledger = ledgerFolder()
  let env: Record<string, string>
  let bank: Awaited<ReturnType<typeof startBank>>
  let database: Database
  const children: ChildProcess[] = []
  it.before(async () => {
    bank = await startBank({ ledger: ledger.path, webhookKey })
    env = {
      ...(await testEnv('payments', migrations)),
      SANDBOX_URL: bank.url,
      SANDBOX_WEBHOOK_KEY: webhookKey,
      PORT: '0',
      HOST: '127.0.0.1',
      PROVIDER_SECONDS: '0.5',
    }
    database = createDatabase({
      url: env.DATABASE_URL ?? '',
      connections: 1,
      prepared: true,
      entities: async () => [],
      log: createLog('test', 'silent'),
    })
  })
  it.after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await bank.close()
    await database.close()
    ledger.remove()
    await endTesting()
  })

  /** The function as the process that it is in production. */
  async function run(failpoints = '') {
    const child = fork(join(import.meta.dirname, '../main.ts'), {
      env: { ...env, FAILPOINTS: failpoints },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    const ended = new Promise<string>((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? String(code))),
    )
    const { port } = await new Promise<{ port: number }>((resolve) =>
      child.once('message', resolve),
    )
    const ask = async (method: string, path: string, body?: object, key = '') => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await serviceToken('orders', 'payments')}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return { status: response.status, body: (await response.json()) as any }
    }
    return {
      ended,
      stop: () => child.kill('SIGTERM'),
      charge: (order: OrderOfTest) => ask('POST', '/v1/payments/charge', order, order.orderId),
      find: (orderId: string) => ask('GET', `/v1/payments/of/${orderId}`),
      void: (orderId: string) => ask('POST', '/v1/payments/void', { orderId }),
    }
  }

  const chargesOf = async (orderId: string) => {
    const { entries } = (await askingBank(bank)('GET', '/ledger')).body
    return entries.filter((entry: any) => entry.charge?.key === orderId).length
  }

  const statusOf = (orderId: string) =>
    look(database, `select status from payments where order_id = $1`, [orderId])

  for (const [point, title] of [
    ['payments.charged', 'after the bank took the money, before it is recorded'],
    ['payments.recorded', 'after it is recorded, before it is answered'],
  ] as const)
    it(`${title}: asked again it is the same charge`, async () => {
      const order = newOrder()
      const first = await run(point)
      const answer = await first.charge(order).catch(() => 'no answer')
      assert.is(answer, 'no answer')
      assert.is(await first.ended, 'SIGKILL')
      assert.is(await chargesOf(order.orderId), 1)

      const second = await run()
      const found = await second.find(order.orderId)
      assert.equal([found.status, found.body.status], [200, 'SUCCESS'])
      assert.is((await second.charge(order)).body.status, 'SUCCESS')
      assert.is(await chargesOf(order.orderId), 1)
      second.stop()
      assert.is(await second.ended, '0')
    })

  it('and whose order is given up: the money goes back', async () => {
    const order = newOrder()
    const first = await run('payments.charged')
    await first.charge(order).catch(() => {})
    await first.ended
    const second = await run()
    assert.is((await second.void(order.orderId)).body.payment.status, 'REFUNDED')
    const { body } = await askingBank(bank)('GET', `/charges/${order.orderId}`)
    assert.is(body.refundedMinor, body.amountMinor)
    second.stop()
    assert.is(await second.ended, '0')
  })

  it('goes on by itself with what the process before it left unsettled', async () => {
    const order = newOrder('tok_timeout')
    const first = await run()
    assert.is((await first.charge(order)).status, 504)
    first.stop()
    await first.ended
    const second = await run()
    await until(async () => (await statusOf(order.orderId)) === 'SUCCESS', 15_000)
    assert.is(await chargesOf(order.orderId), 1)
    second.stop()
    assert.is(await second.ended, '0')
  })
})
