import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { startRedis } from '../../compose/local/redis.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { card, openMarket, until, type Market } from './market.ts'

describe('Redis', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-redis-'))
  const start = (port?: number) =>
    startRedis({ folder, isDurable: true, say: () => {}, ...(port ? { port } : {}) })
  let redis: Awaited<ReturnType<typeof start>>
  let market: Market

  it.before(async () => {
    redis = await start()
    process.env.REDIS_URL = redis.url
    market = await openMarket({ isWarm: true })
  })
  it.after(async () => {
    await market.close()
    await redis.stop()
  })

  it('may stop in the middle of a sale and come back: sales go on, none goes twice', async () => {
    const { eventId, seatIds } = await market.openSale(30, 4)
    // Two buyers want each seat; Redis goes after the first third and comes back after the second.
    const people = await Promise.all(Array.from({ length: 240 }, () => market.person()))
    const buy = (from: number, to: number) =>
      Promise.all(
        people
          .slice(from, to)
          .map((person, i) =>
            person.order({ eventId, seatIds: [seatIds[(from + i) >> 1]], ...card('tok_ok') }),
          ),
      )
    const before = await buy(0, 80)
    const during = buy(80, 160)
    await redis.stop()
    const answersDuring = await during
    const without = await buy(160, 200)
    redis = await start(redis.port)
    const after = await buy(200, 240)

    for (const answers of [before, answersDuring, without, after]) {
      const statuses = answers.map(({ status }) => status)
      assert.is(
        statuses.filter((status) => status === 201).length,
        answers.length / 2,
        statuses.join(),
      )
      assert.is(
        statuses.filter((status) => status === 409).length,
        answers.length / 2,
        statuses.join(),
      )
    }
    const [row] = await market.sql(
      'seating',
      'select count(*)::int as sold, count(distinct seat_id)::int as seats from allocations where event_id = $1',
      [eventId],
    )
    assert.equal([row.sold, row.seats], [120, 120])
  })

  it('guards again once it is back', async () => {
    const { eventId, seatIds } = await market.openSale(100)
    const client = new Redis(redis.url)
    client.on('error', () => {})
    try {
      await until('a hold leaves its key', async () => {
        const seatId = seatIds.pop()
        const person = await market.person()
        await person.ask('POST', '/v1/seats/reserve', { eventId, seatIds: [seatId] })
        return (await client.pttl(`seat:{${eventId}}:${seatId}`)) > 10_000
      })
    } finally {
      client.disconnect()
    }
  })
})
