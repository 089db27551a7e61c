import { Redis } from 'ioredis'
import { decodeJwt } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { banKey, newestKey } from '../edge-bans.ts'
import { banAtEdge, liftAtEdge } from '../store/edge-bans.ts'
import { cookieOf, logIn, look, openAccount, openUsers, refresh, type Users } from './support.ts'

describe('the edge is told', (it) => {
  let users: Users
  let redis: Redis
  it.before(async () => {
    users = await openUsers()
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const sessionOf = (accessToken: string) => String(decodeJwt(accessToken).sid)
  const isBanned = async (id: string) => (await redis.get(banKey(id))) === '1'
  const sweep = async () => {
    while ((await users.deps.edgeBans.sweep()) > 0);
  }

  it('of every log-in that ends everywhere, for as long as a token of it may live', async () => {
    const { as, cookie, email, session } = await openAccount(users)
    const second = await logIn(users, email)
    const other = await openAccount(users)
    const answer = await as('POST', '/v1/auth/logout-all')
    assert.is(answer.status, 204)
    assert.match(answer.headers.get('set-cookie') ?? '', 'Max-Age=0')
    for (const one of [cookie, cookieOf(second)])
      assert.is((await refresh(users, one)).body.code, 'session-ended')
    for (const { body } of [session, second]) {
      const id = sessionOf(body.accessToken)
      assert.ok(await isBanned(id))
      const seconds = await redis.ttl(banKey(id))
      assert.ok(seconds > 900 && seconds <= 910, `${seconds} s`)
    }
    assert.not.ok(await isBanned(sessionOf(other.session.body.accessToken)))
    assert.is((await refresh(users, other.cookie)).status, 200)
    assert.is((await users.ask('POST', '/v1/auth/logout-all')).status, 401)
  })

  it('of a log-in that logs out, of a stolen one and of an erased one', async () => {
    const left = await openAccount(users)
    await users.ask('POST', '/v1/auth/logout', undefined, { cookie: left.cookie })
    const stolen = await openAccount(users)
    await refresh(users, stolen.cookie)
    await sql(`update refresh_tokens set rotated_at = rotated_at - interval '11 s'
       where rotated_at is not null`)
    assert.is((await refresh(users, stolen.cookie)).status, 401)
    const erased = await openAccount(users)
    await erased.as('DELETE', '/v1/users/me')
    for (const { session } of [left, stolen, erased])
      assert.ok(await isBanned(sessionOf(session.body.accessToken)))
  })

  it('by the sweep where Redis did not answer', async () => {
    const id = newId()
    await banAtEdge(users.deps.database, id)
    assert.not.ok(await isBanned(id))
    await sweep()
    assert.ok(await isBanned(id))
    assert.is(await redis.ttl(banKey(id)), -1)
  })

  it('of everything again where Redis lost it, or came back with older data', async () => {
    const [first, second] = [newId(), newId()]
    await banAtEdge(users.deps.database, first)
    await sweep()
    const older = await redis.get(newestKey)
    await banAtEdge(users.deps.database, second)
    await sweep()
    await redis.flushdb()
    await sweep()
    assert.ok((await isBanned(first)) && (await isBanned(second)))
    await redis.del(banKey(second))
    await redis.set(newestKey, String(older))
    await sweep()
    assert.ok(await isBanned(second))
  })

  it('of what is lifted, and forgets what is over', async () => {
    const id = newId()
    const { database, edgeBans } = users.deps
    await banAtEdge(database, id)
    await edgeBans.tell([id])
    await liftAtEdge(database, id)
    await edgeBans.tell([id])
    assert.not.ok(await isBanned(id))
    await sql(`update edge_bans set ends_at = now() where ends_at is not null`)
    await sweep()
    assert.is(await sql(`select count(*)::int from edge_bans where ends_at is not null`), 0)
  })

  it('in the order of the changes, though a ban comes to Redis after it was lifted', async () => {
    const id = newId()
    const { database, edgeBans } = users.deps
    await banAtEdge(database, id)
    const late = await look(database, `select version from edge_bans where id = $1`, [id])
    await liftAtEdge(database, id)
    await edgeBans.tell([id])
    // As who read the row before it was lifted, and is slow.
    await sql(
      `update edge_bans set version = $2, is_banned = true, is_told = false where id = $1`,
      [id, late],
    )
    await edgeBans.tell([id])
    assert.not.ok(await isBanned(id))
  })

  it('the twin: without a version the late one stands for ever', async () => {
    const id = newId()
    await redis.del(banKey(id))
    await redis.set(banKey(id), '1')
    assert.ok(await isBanned(id))
  })
})
