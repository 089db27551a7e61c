import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { SignJWT } from 'jose'
import * as assert from 'uvu/assert'
import { createEdge, jwksKey } from '../edge.ts'
import { newId } from '../ids.ts'
import { readSettings, commonSettings, redisSettings } from '../settings.ts'
import { describe } from '../test.ts'
import { testEnv } from '../testing/env.ts'
import { endTesting } from '../testing/services.ts'
import { accessToken, testJwks } from '../testing/tokens.ts'
import { issuer, userTokenType } from '../tokens.ts'

/** Somebody who stands in for users' own address: gives the keys that it has, and counts. */
async function openPublisher() {
  const published = { keys: [] as object[], asked: 0, isDown: false, address: '', close: () => {} }
  const server = createServer((_, response) => {
    published.asked += 1
    response.statusCode = published.isDown ? 503 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: published.keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  published.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  published.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return published
}

function newKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const token = () =>
    new SignJWT({ roles: ['customer'] })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: userTokenType })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(newId())
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
  return { token, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' } }
}

describe('the keys that tokens are checked with', (it) => {
  let env: Record<string, string>
  let redis: Redis
  let published: Awaited<ReturnType<typeof openPublisher>>
  it.before(async () => {
    env = await testEnv('gateway', [])
    redis = new Redis(env.REDIS_URL as string)
    published = await openPublisher()
  })
  it.after(async () => {
    published.close()
    await redis.quit()
    await endTesting()
  })

  /** A function that has just started; Redis and users have the key of the tests. */
  const openEdge = async () => {
    Object.assign(published, { keys: [...testJwks.keys], asked: 0, isDown: false })
    await redis.set(jwksKey, JSON.stringify(testJwks))
    const settings = readSettings(
      { ...commonSettings, ...redisSettings },
      { ...env, FUNCTION_ADDRESSES: `users=${published.address}` },
    )
    return createEdge('gateway', settings)
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'taken',
      (err: { code: string }) => err.code,
    )

  it('are those in Redis, and users is asked for nothing', async () => {
    const { tokens, close } = await openEdge()
    assert.is((await tokens.verify(await accessToken(newId()))).kind, 'user')
    assert.is(published.asked, 0)
    await close()
  })

  it('are asked of users where Redis has a stale copy without the key', async () => {
    const { tokens, close } = await openEdge()
    const { token, jwk } = newKey('new')
    published.keys.push(jwk)
    await tokens.verify(await accessToken(newId()))
    const many = await Promise.all(
      Array.from({ length: 20 }, async () => tokens.verify(await token())),
    )
    assert.is(many.length, 20)
    assert.is(published.asked, 1)
    assert.is(await codeOf(tokens.verify(await accessToken(newId()))), 'taken')
    await close()
  })

  it('are asked for once in 30 s, however many keys are made up', async () => {
    const { tokens, close } = await openEdge()
    await tokens.verify(await accessToken(newId()))
    for (let i = 0; i < 50; i++)
      assert.is(
        await codeOf(tokens.verify(await newKey(`made-up-${i}`).token())),
        'ERR_JWKS_NO_MATCHING_KEY',
      )
    assert.is(published.asked, 1)
    assert.is(await codeOf(tokens.verify(await accessToken(newId()))), 'taken')
    await close()
  })

  it('stay the last that were known where neither Redis nor users answers', async () => {
    const { tokens, redis: attempts, close } = await openEdge()
    await tokens.verify(await accessToken(newId()))
    await redis.del(jwksKey)
    published.isDown = true
    assert.is(await codeOf(tokens.verify(await newKey('lost').token())), 'ERR_JWKS_NO_MATCHING_KEY')
    assert.ok(published.asked > 0)
    assert.is(await codeOf(tokens.verify(await accessToken(newId()))), 'taken')
    assert.is(await attempts.attempt((client) => client.get(jwksKey)), null)
    await close()
  })
})
