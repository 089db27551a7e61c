import { Redis } from 'ioredis'
import type { JSONWebKeySet } from 'jose'
import { decodeProtectedHeader } from 'jose'
import * as assert from 'uvu/assert'
import { createEdge } from '../../_runtime/edge.ts'
import { newId } from '../../_runtime/ids.ts'
import { jwksKey } from '../../_runtime/runtime.ts'
import { CommonSettings } from '../../_runtime/settings.ts'
import { describe } from '../../_runtime/test.ts'
import { serviceKey } from '../../_runtime/testing/tokens.ts'
import { createTokens, type Tokens } from '../../_runtime/tokens.ts'
import { newAccessToken } from '../access-token.ts'
import { createKeys } from '../keys.ts'
import { look, openAccount, openInstance, openUsers, type Users } from './support.ts'

const secondsOfLoad = 6

describe('keys that change every second', (it) => {
  let users: Users
  let redis: Redis
  it.before(async () => {
    users = await openUsers({
      KEY_ROTATE_SECONDS: '1',
      KEY_AHEAD_SECONDS: '35',
      ACCESS_SECONDS: '2',
    })
    redis = new Redis(users.env.REDIS_URL as string)
  })
  it.after(async () => {
    await redis.quit()
    await users.close()
  })

  const sql = (text: string, values: unknown[] = []) => look(users.deps.database, text, values)
  const count = () => sql(`select count(*)::int from signing_keys`)

  /** Lets a second pass for every key. */
  const age = () =>
    sql(
      `update signing_keys set created_at = created_at - interval '1 s',
         signs_from = signs_from - interval '1 s', retires_at = retires_at - interval '1 s'`,
    )

  /** Somebody who checks tokens with nothing but what lies in Redis. */
  const newVerifier = () =>
    createTokens({
      self: 'orders',
      serviceKey,
      fetchKeys: async () => {
        const kept = await redis.get(jwksKey)
        return kept ? (JSON.parse(kept) as JSONWebKeySet) : undefined
      },
    })

  it('are public before they sign, and until their tokens are over', async () => {
    for (let second = 0; second < 280; second++) {
      await users.deps.keys.sweep()
      await age()
    }
    await users.deps.keys.sweep()
    const facts = await sql(
      `select to_jsonb(f) from (
         select bool_and(signs_from - created_at >= interval '35 s') as is_ahead,
           bool_and(signs_from - previous >= interval '1 s') as is_steady,
           bool_and(previous_retires_at - signs_from = interval '180 s') as is_overlapping,
           count(*) filter (where retires_at is null)::int as without_end
         from (select *, lag(signs_from) over steps as previous,
             lag(retires_at) over steps as previous_retires_at
           from signing_keys window steps as (order by signs_from)) k
         where created_at > (select min(created_at) from signing_keys)) f`,
    )
    assert.equal(facts, {
      is_ahead: true,
      is_steady: true,
      is_overlapping: true,
      without_end: 1,
    })
    // 35 to come, one that signs, 180 that are over and still public: the life of a token of an API key, 60 s, and
    // two minutes. Fewer where the machine was too slow for one a second.
    const total = (await users.deps.keys.published()).length
    assert.ok(total >= 100 && total <= 220, `${total} keys`)
    assert.is(await count(), total)
  })

  it('have no good token refused, by those who just came and by those who came before', async () => {
    const other = openInstance(users.env)
    const seen = new Set<unknown>()
    const refused: unknown[] = []
    let checked = 0
    const check = (verifier: Tokens, token: string) =>
      verifier.verify(token).then(
        () => (checked += 1),
        (err: unknown) => refused.push(err),
      )
    const early = newVerifier()
    const endsAt = performance.now() + secondsOfLoad * 1000
    const isOver = () => performance.now() > endsAt
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

    const load = async (instance: Pick<Users, 'deps'>) => {
      while (!isOver()) {
        const token = await newAccessToken(instance.deps, {
          userId: newId(),
          sessionId: newId(),
          roles: ['customer'],
        })
        seen.add(decodeProtectedHeader(token).kid)
        await check(early, token)
        await check(newVerifier(), token)
        void pause(1500).then(() => check(newVerifier(), token))
        await pause(5)
      }
    }
    const rotate = async () => {
      while (!isOver()) {
        await Promise.all([users.deps.keys.sweep(), other.deps.keys.sweep()])
        await pause(200)
      }
    }
    await Promise.all([load(users), load(other), rotate()])
    await pause(1600)
    await other.close()
    assert.equal(refused, [])
    assert.ok(seen.size >= secondsOfLoad - 2, `${seen.size} keys signed`)
    assert.ok(checked > 100, `${checked} checks`)
  })

  it('the twin: a key that signs at once is refused by who asked a moment before', async () => {
    const times = { rotateSeconds: 1, aheadSeconds: 0, tokenSeconds: 2 }
    const hasty = createKeys(users.deps, users.deps.seal, times)
    await sql(`delete from signing_keys`)
    const early = newVerifier()
    const outcomes: string[] = []
    for (let rotation = 0; rotation < 3; rotation++) {
      await sql(
        `with aged as (update signing_keys set signs_from = signs_from - interval '5 s' returning 1)
         select count(*) from aged`,
      )
      await hasty.sweep()
      // Another instance, which keeps no key to sign with yet.
      const keys = createKeys(users.deps, users.deps.seal, times)
      const person = { userId: newId(), sessionId: newId(), roles: [] }
      const outcome = early.verify(await newAccessToken({ keys, accessSeconds: 2 }, person)).then(
        () => 'taken',
        ({ code }: { code: string }) => code,
      )
      outcomes.push(await outcome)
    }
    // The first keys are read, the second is sought, and then nothing is for 30 s.
    assert.equal(outcomes, ['taken', 'taken', 'ERR_JWKS_NO_MATCHING_KEY'])
  })
})

describe('several instances whose next key is due', (it) => {
  let users: Users
  it.before(async () => (users = await openUsers()))
  it.after(() => users.close())

  it('make one between them', async () => {
    const instances = Array.from({ length: 6 }, () => openInstance(users.env))
    await users.deps.keys.sweep()
    const { database } = users.deps
    await look(database, `update signing_keys set signs_from = now() - interval '30 days'`)
    await Promise.all(instances.map(({ deps }) => deps.database.ping()))
    await Promise.all(instances.map(({ deps }) => deps.keys.sweep()))
    assert.is(await look(database, `select count(*)::int from signing_keys`), 2)
    await Promise.all(instances.map((instance) => instance.close()))
  })
})

describe('while users is stopped', (it) => {
  it('others take its tokens, by the keys in Redis', async () => {
    const users = await openUsers()
    const { session, id } = await openAccount(users)
    const instance = openInstance(users.env)
    await instance.close()
    await users.deps.outbox.settle()
    const settings = CommonSettings.parse({ ...users.env, INGRESS_ADDRESS: '127.0.0.1:9' })
    const edge = createEdge('orders', { ...settings, REDIS_URL: users.env.REDIS_URL as string })
    const caller = await edge.tokens.verify(session.body.accessToken)
    assert.is(caller.kind === 'user' && caller.id, id)
    await edge.close()
    await users.close()
  })
})
