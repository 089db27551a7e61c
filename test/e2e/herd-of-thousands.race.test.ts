import { join } from 'node:path'
import pg from 'pg'
import * as assert from 'uvu/assert'
import { withClient } from '../../compose/local/databases.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { checkInvariants } from '../../scripts/invariants/check.ts'
import { openHerd, p99, randomFrom, tally, type Bought } from './herd.ts'
import { openMarket, type Market } from './market.ts'

// The whole herd is 10,000: HERD_BUYERS=10000 on a machine that has its cores to itself.
const buyers = Number(process.env.HERD_BUYERS ?? 1000)
const sockets = Number(process.env.HERD_SOCKETS ?? 64)
const seed = Number(process.env.HERD_SEED ?? Date.now() % 1_000_000)

describe(`a herd of ${buyers} buyers, seed ${seed}`, (it) => {
  let market: Market
  let herd: Awaited<ReturnType<typeof openHerd>>
  it.before(async () => {
    // All of them are at one address here, which is what the limit of an address is against.
    const RATE_LIMITS = 'purchases.address=1000000/60,reads.address=1000000/60'
    market = await openMarket({
      isWarm: true,
      settings: () => ({ LOG_LEVEL: 'warn', RATE_LIMITS }),
    })
    herd = await openHerd(market, buyers, sockets)
  })
  it.after(async () => {
    herd.close()
    await market.close()
  })

  /** Postgres resolves a deadlock by failing one of the two: a hot path has none to begin with. */
  const deadlocks = () =>
    withClient(market.adminUrl, async (admin) => {
      const { rows } = await admin.query(
        'select sum(deadlocks)::int as count from pg_stat_database',
      )
      return rows[0].count as number
    })

  async function isClean(what: string, bought: readonly Bought[], began: number) {
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const counts = JSON.stringify(tally(bought))
    process.stdout.write(`${what}: ${seconds} s, ${counts}, p99 ${p99(bought)} ms\n`)
    assert.is(await deadlocks(), 0)
    const { violations, unread } = await checkInvariants(
      {
        databaseUrl: market.observerUrl,
        ledger: join(market.folder, 'bank', 'ledger.jsonl'),
        redisUrl: market.redisUrl,
      },
      { moment: 'quiet', graceMs: 60_000 },
    )
    assert.equal([violations, unread], [[], []])
  }

  const soldOf = (eventId: string) =>
    market.sql(
      'seating',
      'select order_id, array_agg(seat_id order by seat_id) as seats from allocations where event_id = $1 group by order_id',
      [eventId],
    ) as Promise<{ order_id: string; seats: string[] }[]>

  it('one seat: one has it, everybody else is told that it is taken, no 5xx', async () => {
    const { eventId, seatIds } = await market.openSale(1)
    const began = performance.now()
    const bought = await herd.rush((buyer) => herd.buy(buyer, eventId, seatIds))
    assert.equal(tally(bought), { 201: 1, '409 seat-taken': buyers - 1 })
    assert.is((await soldOf(eventId)).length, 1)
    await isClean('one seat', bought, began)
  })

  /** Who loses looks at the hall and tries what is free there, a few times. */
  const triesMax = 6

  it('a hundred seats in baskets that overlap: nearly all are sold, none twice, no basket in part', async () => {
    const { eventId, seatIds } = await market.openSale(25, 4)
    const random = randomFrom(seed)
    const some = (from: readonly string[], count: number) =>
      Array.from({ length: count }, () => random(1 << 30))
        .map((number, i) => from[(number + i) % from.length] ?? '')
        .filter((id, i, all) => all.indexOf(id) === i)
    const baskets = new Map<string, string[]>()
    const all: Bought[] = []
    const began = performance.now()
    await herd.rush(async (buyer) => {
      let free: readonly string[] = seatIds
      for (let tries = 0; tries < triesMax && free.length > 0; tries++) {
        const basket = some(free, 1 + random(4))
        const bought = await herd.buy(buyer, eventId, basket)
        all.push(bought)
        // 202: his bank is slow today, and he has what he wanted once it has answered.
        if (bought.orderId) return baskets.set(bought.orderId, basket.toSorted())
        free = await herd.free(buyer, eventId)
      }
    })
    // 503: come again in a second. Anything else, such as a deadlock, would be a bug.
    const odd = all.filter(({ status }) => ![201, 202, 409, 503].includes(status))
    assert.equal(tally(odd), {})
    await isClean('a hundred seats', all, began)
    const sold = await soldOf(eventId)
    for (const order of sold)
      assert.equal(order.seats, baskets.get(order.order_id) ?? order.seats, 'a basket in part')
    const seats = sold.flatMap((order) => order.seats)
    assert.is(new Set(seats).size, seats.length)
    assert.ok(seats.length >= 95 && seats.length <= 100, `${seats.length} sold`)
  })

  it('the twin: without the statement that takes all or none, baskets are kept in part', async () => {
    const { eventId, seatIds } = await market.openSale(20)
    const pool = new pg.Pool({ connectionString: market.databaseUrl('seating'), max: 10 })
    await pool.query('create table hall (id uuid primary key, buyer uuid)')
    await pool.query('insert into hall select unnest($1::uuid[])', [seatIds])
    const random = randomFrom(seed)
    const taken = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const first = random(seatIds.length - 4)
        const basket = seatIds.slice(first, first + 4)
        const { rowCount } = await pool.query(
          'update hall set buyer = $1 where id = any($2::uuid[]) and buyer is null',
          [newId(), basket],
        )
        return rowCount ?? 0
      }),
    )
    await pool.query('drop table hall')
    await pool.end()
    assert.ok(
      taken.some((count) => count > 0 && count < 4),
      eventId,
    )
  })
})
