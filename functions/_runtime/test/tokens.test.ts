import { createHmac, generateKeyPairSync } from 'node:crypto'
import { SignJWT, type JWTPayload } from 'jose'
import * as assert from 'uvu/assert'
import { newId } from '../ids.ts'
import { describe } from '../test.ts'
import { accessToken, serviceKey, serviceToken, testJwks } from '../testing/tokens.ts'
import { createTokens, type Tokens } from '../tokens.ts'

const own = generateKeyPairSync('ed25519')
const ownJwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'EdDSA' }

const tokensOf = (self: 'orders' | 'seating'): Tokens =>
  createTokens({
    self,
    serviceKey,
    fetchKeys: async () => ({ keys: [...testJwks.keys, ownJwk] as never }),
  })

const now = () => Math.floor(Date.now() / 1000)
const key = new TextEncoder().encode(serviceKey)

/** What another function would sign, with something else in it. */
const bent = (claims: JWTPayload, header: object = {}, by: Uint8Array = key): Promise<string> =>
  new SignJWT({ sub: 'orders', aud: 'seating', iat: now(), exp: now() + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'service+jwt', ...header })
    .sign(by)

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a service token', (it) => {
  const seating = tokensOf('seating')
  const isRefused = async (token: string) =>
    seating.verify(token).then(
      () => false,
      () => true,
    )

  it('says which function calls, to the one that it is for and to no other', async () => {
    const token = await tokensOf('orders').forCallee('seating')
    assert.equal(await seating.verify(token), { kind: 'function', name: 'orders' })
    assert.ok(await isRefused(await tokensOf('orders').forCallee('payments')))
    assert.ok(await isRefused(await serviceToken('orders', 'payments')))
  })

  it('is refused with one thing about it that is not right', async () => {
    const good = await bent({})
    const claims = part({ sub: 'orders', aud: 'seating', exp: now() + 60 })
    const unsigned = (alg: string) => `${part({ alg, typ: 'service+jwt' })}.${claims}.`
    const publicKey = String(testJwks.keys[0]?.x)
    const hmac = (text: string, by: string) =>
      `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`
    const forged: Record<string, string | Promise<string>> = {
      'for another function': bent({ aud: 'payments' }),
      'for nobody': bent({ aud: [] }),
      'of no function': bent({ sub: 'root' }),
      'of nobody': bent({ sub: undefined as never }),
      expired: bent({ exp: now() - 10 }),
      'good for an hour': bent({ exp: now() + 3600 }),
      'without an end': bent({ exp: undefined as never }),
      'not valid yet': bent({ nbf: now() + 60 }),
      'made in the future': bent({ iat: now() + 60 }),
      'by another key': bent({}, {}, new TextEncoder().encode(`${serviceKey}x`)),
      'by another algorithm': bent({}, { alg: 'HS512' }),
      'with a header that says more': bent({}, { jku: 'http://127.0.0.1:9' }),
      'of another type': bent({}, { typ: 'JWT' }),
      'as a user’s': bent({ iss: 'boxoffice' }, { typ: 'at+jwt' }),
      'as a user’s, with his kid': bent({ iss: 'boxoffice' }, { typ: 'at+jwt', kid: 'own' }),
      'without a signature': unsigned('none'),
      'without a signature, in other words': unsigned('nOnE'),
      'signed with the public key': hmac(
        `${part({ alg: 'HS256', typ: 'service+jwt' })}.${claims}`,
        publicKey,
      ),
      'with a cut signature': good.slice(0, -1),
      'with the claims of another': [good.split('.')[0], claims, good.split('.')[2]].join('.'),
    }
    for (const [what, token] of Object.entries(forged))
      assert.ok(await isRefused(await token), what)
    assert.not(await isRefused(good), 'the table proves something')
  })

  it('is not what the key of users signs, nor is a user what the key of functions signs', async () => {
    const claims = { iss: 'boxoffice', aud: 'seating', sub: 'orders', exp: now() + 60 }
    const signed = (typ: string, aud: string) =>
      new SignJWT({ ...claims, aud })
        .setProtectedHeader({ alg: 'EdDSA', typ, kid: 'own' })
        .sign(own.privateKey)
    assert.ok(await isRefused(await signed('service+jwt', 'seating')))
    assert.ok(await isRefused(await signed('at+jwt', 'seating')))
    const user = await seating.verify(await signed('at+jwt', 'boxoffice'))
    assert.equal([user.kind, 'roles' in user && user.roles], ['user', []])
    const { kind } = await seating.verify(await accessToken(newId()))
    assert.is(kind, 'user')
  })
})
