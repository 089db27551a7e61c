import * as assert from 'uvu/assert'
import { createDatabase, statement } from '../functions/_runtime/database.ts'
import { createLog } from '../functions/_runtime/log.ts'
import { describe } from '../functions/_runtime/test.ts'
import { endTesting, testDatabase, testServices } from '../functions/_runtime/testing/services.ts'
import { migrationsOf } from '../scripts/migrations.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { card, openSale, openShop } from './shop.ts'

const buyers = 12

/*
 * In transaction mode a client gets another of the pooler's connections with every transaction. A prepared statement
 * stays with the connection that it was made on, so PgBouncer before 1.21, which knows nothing of it, gives its
 * client one that has never heard of it, or has one of the same name. PREPARED=off is for those. What else would
 * be lost with the connection is not used: time limits are the role's.
 */
describe('behind PgBouncer in transaction mode', (it) => {
  let pooler: Awaited<ReturnType<typeof startPgbouncer>>
  it.before(async () => {
    pooler = await startPgbouncer((await testServices()).adminUrl)
    if (!pooler) process.stderr.write('no PgBouncer can be had here: nothing is tested\n')
  })
  it.after(async () => {
    await pooler?.stop()
    await endTesting()
  })

  /** Each buyer takes one seat of his own, all at the same time; gives what they are answered. */
  async function sell(): Promise<number[]> {
    const off = { PREPARED: 'off' }
    const shop = await openShop({ seating: off, payments: off, orders: off }, pooler?.before)
    try {
      const { eventId, seatIds } = await openSale(shop, buyers)
      const buy = async (seatId: string) => {
        const buyer = await shop.buyer()
        const { status } = await buyer.order({ eventId, seatIds: [seatId], ...card('tok_ok') })
        return status
      }
      return await Promise.all(seatIds.map(buy))
    } finally {
      await shop.close()
    }
  }

  it('every buyer gets his seat, with PREPARED=off', async () => {
    if (!pooler) return
    assert.equal(await sell(), Array(buyers).fill(201))
  })

  const opened = async (prepared: boolean) => {
    const direct = await testDatabase('orders', await migrationsOf('orders'))
    return createDatabase({
      url: (await pooler?.before(direct)) ?? direct,
      connections: 8,
      prepared,
      entities: async () => [],
      log: createLog('test', 'silent'),
    })
  }
  const limit = statement('limit', `select current_setting('statement_timeout') as limit`)

  it('keeps the time limits of the role, whichever connection serves', async () => {
    if (!pooler) return
    const database = await opened(false)
    const rows = await Promise.all(
      Array.from({ length: 20 }, () => database.query<{ limit: string }>(limit)),
    )
    assert.equal(new Set(rows.map(([row]) => row?.limit)), new Set(['2s']))
    await database.close()
  })

  it('twin: with PREPARED=on statements are not there, or there twice', async () => {
    if (!pooler) return
    const database = await opened(true)
    const codes = await Promise.all(
      Array.from({ length: 40 }, () =>
        database.query(limit).then(
          () => 'ok',
          (err: { code?: string; cause?: { code?: string } }) => err.code ?? err.cause?.code,
        ),
      ),
    )
    // 26000: there is none of this name; 42P05: there is one already.
    assert.ok(
      codes.some((code) => code === '26000' || code === '42P05'),
      codes.join(),
    )
    await database.close()
  })
})
