import * as assert from 'uvu/assert'
import { Redis } from 'ioredis'
import { newId } from '../../functions/_runtime/ids.ts'
import { createRedis, type RedisAttempts } from '../../functions/_runtime/redis.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { endTesting, testRedisUrl } from '../../functions/_runtime/testing/services.ts'
import { createGuard, type Guard } from '../../functions/seating/guard.ts'
import { createChance, type Chance } from './chance.ts'
import { silentMetrics } from './process.ts'
import { createKeys } from './redis.ts'

/** The Redis that the simulation has, beside a real one: the guard of seating says the same over both. */
describe("the simulation's Redis", (it) => {
  let url: string
  let real: RedisAttempts
  let guardOfReal: Guard
  let looking: Redis
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  it.before(async () => {
    url = await testRedisUrl()
    real = createRedis({ url, log, metrics: silentMetrics })
    guardOfReal = createGuard(real)
    looking = new Redis(url)
  })
  it.after(async () => {
    await real.close()
    looking.disconnect()
    await endTesting()
  })

  it('takes, keeps, marks and gives back seats as the scripts do, each key as long', async () => {
    for (let seed = 1; seed <= 10; seed++) await story(createChance(seed))
  })

  async function story(chance: Chance): Promise<void> {
    const [eventId, seatIds, holdIds] = [newId(), ids(4), ids(3)]
    const keys = createKeys(() => 0)
    const open = async () => keys.connect(async (_command, effect) => effect())
    const fake = createRedis({ url, log, metrics: silentMetrics, open })
    const guards = [guardOfReal, createGuard(fake)]
    for (let step = 0; step < 40; step++) {
      const some = seatIds.filter(() => chance.is(0.5))
      const holdId = chance.pick(holdIds)
      const what = chance.whole(0, 5)
      if (some.length === 0) continue
      const [one, other] = await Promise.all(
        guards.map(async (guard) => {
          if (what > 2) return guard.take(eventId, holdId, some)
          if (what === 0) guard.keep(eventId, holdId, some, 900_000)
          if (what === 1) guard.markSold(eventId, holdId, some)
          if (what === 2) guard.giveBack(eventId, holdId, some)
          return undefined
        }),
      )
      assert.equal(other, one)
      // What is not awaited is there once a later command has been answered.
      await real.attempt((client) => client.ping())
      const names = seatIds.map((id) => `seat:{${eventId}}:${id}`)
      const holders = names.map((name) => keys.all.get(name)?.value ?? null)
      assert.equal(holders, await looking.mget(names))
      for (const name of names) {
        const restMs = await looking.pttl(name)
        const endsAt = keys.all.get(name)?.endsAt ?? -2
        assert.ok(endsAt - restMs >= 0 && endsAt - restMs < 60_000, `${name}: ${restMs}, ${endsAt}`)
      }
    }
  }
})

const ids = (count: number) => Array.from({ length: count }, () => newId())
