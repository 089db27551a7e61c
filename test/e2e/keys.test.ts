import { Redis } from 'ioredis'
import * as assert from 'uvu/assert'
import { createSeal } from '../../functions/_runtime/seal.ts'
import { createDatabase } from '../../functions/_runtime/database.ts'
import { createLog } from '../../functions/_runtime/log.ts'
import { createMetrics } from '../../functions/_runtime/metrics.ts'
import { createRedis } from '../../functions/_runtime/redis.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { newAccessToken } from '../../functions/users/access-token.ts'
import { createKeys } from '../../functions/users/keys.ts'
import { openMarket, until, type Market } from './market.ts'

/** `KEYS_SECONDS=60` rotates every 5 s for a minute, and stops users for one. */
const seconds = Number(process.env.KEYS_SECONDS ?? 8)
const rotateSeconds = seconds >= 60 ? 5 : 1
const accessSeconds = 900
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('signing keys that change under load', (it) => {
  let market: Market
  let isUsersDown = false
  const closing: (() => Promise<unknown>)[] = []
  it.before(async () => {
    market = await openMarket({
      isWarm: true,
      settings: (name): Record<string, string> =>
        name === 'users' && isUsersDown
          ? { DATABASE_URL: 'postgres://users:none@127.0.0.1:9/users' }
          : {},
    })
  })
  it.after(async () => {
    for (const close of closing) await close()
    await market.close()
  })

  /** A signer beside the function's own process, on its keys, with times of its own. */
  function newKeys(times: { rotateSeconds: number; aheadSeconds: number }) {
    const log = createLog('test', 'silent')
    const metrics = createMetrics('test')
    const database = createDatabase({
      url: market.databaseUrl('users'),
      connections: 2,
      prepared: false,
      entities: async () => [],
      log,
    })
    const redis = createRedis({ url: market.redisUrl, log, metrics })
    closing.push(database.close, redis.close)
    const seal = createSeal(market.secrets.usersKey)
    return createKeys({ database, redis }, seal, { ...times, tokenSeconds: accessSeconds })
  }
  const tokenOf = (keys: ReturnType<typeof newKeys>) =>
    newAccessToken(
      { keys, accessSeconds },
      { userId: newId(), sessionId: newId(), roles: ['customer'] },
    )
  const ask = async (token: string) =>
    (await market.ask('GET', '/v1/orders?size=1', undefined, { authorization: `Bearer ${token}` }))
      .status
  /** Lets time pass for every key. */
  const age = (by: string) =>
    market.sql(
      'users',
      `update signing_keys set created_at = created_at - interval '${by}',
         signs_from = signs_from - interval '${by}', retires_at = retires_at - interval '${by}'`,
    )
  const signers = async () =>
    new Set((await market.sql('users', 'select kid from signing_keys')).map(({ kid }) => kid))

  /** New tokens all the time, each used at once and again after a while; gives what was not taken. */
  async function load(sign: () => Promise<string>, forSeconds: number) {
    const refused: number[] = []
    let asked = 0
    const later: Promise<void>[] = []
    const use = async (token: string) => {
      const status = await ask(token)
      asked += 1
      if (status !== 200) refused.push(status)
    }
    const endsAt = performance.now() + forSeconds * 1000
    while (performance.now() < endsAt) {
      const token = await sign()
      await use(token)
      later.push(pause(2 * rotateSeconds * 1000).then(() => use(token)))
      await pause(20)
    }
    await Promise.all(later)
    return { refused, asked }
  }

  it('have no good token refused at the gateway, nor behind it', async () => {
    const keys = newKeys({ rotateSeconds, aheadSeconds: 35 })
    // As after a while of rotating: what signs in the next 35 s is public.
    for (let i = 0; i < Math.ceil(40 / rotateSeconds); i++) {
      await keys.sweep()
      await age(`${rotateSeconds} s`)
    }
    const before = await signers()
    let isOver = false
    const rotating = (async () => {
      while (!isOver) {
        await keys.sweep()
        await pause(200)
      }
    })()
    const { refused, asked } = await load(() => tokenOf(keys), seconds)
    isOver = true
    await rotating
    const made = [...(await signers())].filter((kid) => !before.has(kid)).length
    assert.equal(refused, [])
    assert.ok(made >= seconds / rotateSeconds / 2, `${made} new keys`)
    assert.ok(asked >= seconds * 4, `${asked} requests`)
  })

  it('are known to all while users is stopped: by Redis, and without it by memory', async () => {
    const keys = newKeys({ rotateSeconds: 2_592_000, aheadSeconds: 600 })
    const token = await tokenOf(keys)
    assert.is(await ask(token), 200)
    isUsersDown = true
    for (const pid of market.pidsOf('users')) process.kill(pid, 'SIGKILL')
    // A gateway that has just started has Redis alone to go by.
    const [gateway = 0] = market.pidsOf('gateway')
    process.kill(gateway, 'SIGKILL')
    await until('another gateway answers', async () => (await ask(token)) === 200)
    const { refused, asked } = await load(() => tokenOf(keys), seconds / 2)
    assert.equal(refused, [])
    const redis = new Redis(market.redisUrl)
    await redis.flushdb()
    await redis.quit()
    const without = await load(async () => token, seconds / 2)
    assert.equal(without.refused, [])
    assert.ok(asked + without.asked >= seconds * 4)
    const login = { email: 'a@mail.example', password: 'correct horse battery' }
    assert.is((await market.ask('POST', '/v1/auth/login', login)).status, 503)
    isUsersDown = false
    for (const pid of market.pidsOf('users')) process.kill(pid, 'SIGKILL')
    await until(
      'users is back',
      async () => (await market.ask('POST', '/v1/auth/login', login)).status === 401,
      60_000,
    )
  })

  it('the twin: without overlap, tokens that are good are refused', async () => {
    const refused: number[] = []
    for (let i = 0; i < 4; i++) {
      // A key that nobody has heard of signs at once, and the one before it is gone.
      await market.sql('users', 'delete from signing_keys')
      const hasty = newKeys({ rotateSeconds: 1, aheadSeconds: 0 })
      refused.push(...(await load(() => tokenOf(hasty), 1)).refused)
    }
    assert.ok(refused.length > 0)
    assert.ok(refused.every((status) => status === 401))
  })
})
