import { Redis } from 'ioredis'
import { decodeJwt } from 'jose'
import * as assert from 'uvu/assert'
import { statement } from '../../_runtime/database.ts'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { banKey } from '../edge-bans.ts'
import { look, openAccount, openCrowd, type Users } from './support.ts'

const wanted = { name: 'one', scopes: ['orders:read'] }
const times = <Result>(count: number, work: () => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, work))

describe('a key that is revoked while it is exchanged', (it) => {
  let users: Users
  let redis: Redis
  it.before(async () => {
    users = await openCrowd()
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  /** Revokes a key in the midst of its exchanges; gives the tokens that came of it and how long each lives. */
  async function race() {
    const { as } = await openAccount(users)
    const { id, apiKey } = (await as('POST', '/v1/api-keys', wanted)).body
    const gateway = await users.asFunction('gateway')
    const exchange = () => gateway('POST', '/v1/auth/exchange', { apiKey })
    const [before, revoked, after] = await Promise.all([
      times(5, exchange),
      as('DELETE', `/v1/api-keys/${id}`),
      times(5, exchange),
    ])
    assert.is(revoked.status, 204)
    const taken = [...before, ...after].filter(({ status }) => status === 200)
    return { id, exchange, seconds: taken.map(({ body }) => lifeOf(body.accessToken)) }
  }

  const lifeOf = (token: string) => (decodeJwt(token).exp ?? 0) - Date.now() / 1000

  it('gives no token that outlives its ban, and none afterwards', async () => {
    for (let round = 0; round < 10; round++) {
      const { id, exchange, seconds } = await race()
      const banned = await redis.ttl(banKey(id))
      for (const life of seconds) assert.ok(life < banned, `${life} s, banned for ${banned} s`)
      assert.is((await exchange()).body.code, 'api-key-invalid')
    }
  })

  it('the twin: deleted without a ban, its tokens go on', async () => {
    let outliving = 0
    for (let round = 0; round < 20 && outliving === 0; round++) {
      const { id, seconds } = await race()
      await redis.del(banKey(id))
      const banned = Math.max(0, await redis.ttl(banKey(id)))
      outliving += seconds.filter((life) => life > banned).length
    }
    assert.ok(outliving > 0)
  })

  it('is one of 20 at most, however many are made at once', async () => {
    const { as } = await openAccount(users)
    await times(15, () => as('POST', '/v1/api-keys', wanted))
    const answers = await times(12, () => as('POST', '/v1/api-keys', wanted))
    for (const { status, body } of answers)
      assert.ok(status === 201 || status === 503 || body.code === 'api-keys-limit', `${status}`)
    assert.ok((await as('GET', '/v1/api-keys')).body.items.length <= 20)
    while ((await as('POST', '/v1/api-keys', wanted)).status === 201);
    assert.is((await as('GET', '/v1/api-keys')).body.items.length, 20)
  })

  it('the twin: counting without the lock on the owner makes more', async () => {
    const { database } = users.deps
    await look(database, `create table unguarded (id uuid)`)
    const insert = statement(
      'twin-key',
      `insert into unguarded select $1 from pg_sleep(0.1)
       where (select count(*) from unguarded) < 1`,
    )
    await times(10, () => database.query(insert, [newId()]))
    assert.ok((await look(database, `select count(*)::int from unguarded`)) > 1)
  })
})
