import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { endTesting, testRedisUrl } from '../../_runtime/testing/services.ts'
import { askRedis, scripts } from '../limit-script.ts'

const bucket = (key: string) => ({ key, quota: 10, seconds: 3600 })

describe('many gateways and one bucket', (it) => {
  let gateways: Redis[] = []
  it.before(async () => {
    const url = await testRedisUrl()
    gateways = Array.from({ length: 5 }, () => new Redis(url, { scripts }))
  })
  it.after(async () => {
    for (const redis of gateways) redis.disconnect()
    await endTesting()
  })
  const atOnce = <Result>(ask: (redis: Redis) => Promise<Result>) =>
    Promise.all(Array.from({ length: 200 }, (_, i) => ask(gateways[i % 5] as Redis)))

  it('let through exactly as many as it has, and name the rest how long to wait', async () => {
    const verdicts = await atOnce(async (redis) => {
      const [verdict] = await askRedis(redis, [{ bans: [], buckets: [bucket('race')] }])
      return verdict
    })
    const passed = verdicts.filter((verdict) => verdict?.refusedAt === 0)
    assert.is(passed.length, 10)
    assert.equal(
      passed.map((verdict) => verdict?.remaining).toSorted((a = 0, b = 0) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
    for (const verdict of verdicts)
      if (verdict?.refusedAt === 1) assert.ok(verdict.waitMs > 300_000 && verdict.waitMs <= 360_000)
    const ttl = await gateways[0]?.pttl('limit:race')
    assert.ok(Number(ttl) > 3_590_000 && Number(ttl) <= 3_600_000, `${ttl} ms`)
  })

  it('let through many more where each reads, decides and writes (the twin)', async () => {
    const answers = await atOnce(async (redis) => {
      const count = Number((await redis.get('limit:twin')) ?? 0)
      if (count >= 10) return false
      await redis.set('limit:twin', count + 1)
      return true
    })
    assert.ok(answers.filter(Boolean).length > 10)
  })

  it('judge many questions in one call as one after the other', async () => {
    const [redis] = gateways as [Redis]
    await redis.set('ban:b', '1')
    const [one, two] = [bucket('a'), bucket('c')]
    const questions = [
      { bans: [], buckets: [one] },
      { bans: ['x', 'b'], buckets: [one, two] },
      { bans: [], buckets: [] },
      { bans: ['x'], buckets: [two] },
    ]
    const verdicts = await askRedis(redis, questions)
    assert.equal(
      verdicts.map(({ bannedAt, remaining }) => [bannedAt, remaining]),
      [
        [0, 9],
        [2, 8],
        [0, 0],
        [0, 8],
      ],
    )
  })

  it('wait for nobody whose clock was ahead', async () => {
    const [redis] = gateways as [Redis]
    const tomorrow = (Date.now() + 86_400_000) * 1000
    await redis.set('limit:ahead', tomorrow)
    const [verdict] = await askRedis(redis, [{ bans: [], buckets: [bucket('ahead')] }])
    assert.is(verdict?.refusedAt, 1)
    assert.ok(Number(verdict?.waitMs) <= 360_000, 'no longer than for one more')
  })
})
