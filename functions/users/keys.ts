import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import type { Database } from '../_runtime/database.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import { jwksKey } from '../_runtime/runtime.ts'
import type { Seal } from '../_runtime/seal.ts'
import {
  findKeys,
  insertKey,
  lockKeys,
  type PublicJwk,
  type SigningKeyRow,
} from './store/signing-keys.ts'

/**
 * The keys that access tokens are signed with. Private keys lie sealed in this function's database and are
 * open only in its memory; the public set is copied to Redis, so that others can check a token while this
 * function sleeps. The first key is made when it is first needed, by one of however many ask.
 */
export type Keys = {
  /** The key to sign with at the moment. */
  signing(): Promise<{ kid: string; privateKey: KeyObject }>
  /** The public set, which is never empty. */
  published(): Promise<PublicJwk[]>
  /** Copies the public set to Redis, which may have lost it. Always 0: nothing is ever left over. */
  sweep(): Promise<number>
}

type Parts = { database: Database; redis: RedisAttempts }

/** A key is published ten minutes before it signs, so a minute late is early enough. */
const keptMs = 60_000

export function createKeys({ database, redis }: Parts, seal: Seal): Keys {
  let kept: { key: Promise<{ kid: string; privateKey: KeyObject }>; until: number } | undefined

  async function readRing(): Promise<SigningKeyRow[]> {
    const ring = await findKeys(database)
    if (ring.some(({ may_sign }) => may_sign)) return ring
    const first = await newKey(seal)
    return database.transaction(async (tx) => {
      await lockKeys(tx)
      const others = await findKeys(tx)
      if (others.some(({ may_sign }) => may_sign)) return others
      await insertKey(tx, first)
      return findKeys(tx)
    })
  }

  /** Reads the ring and tells others: nobody may meet a token whose key he cannot have. */
  async function readAndTell(): Promise<SigningKeyRow[]> {
    const ring = await readRing()
    const keys = ring.map(({ public_jwk }) => public_jwk)
    await redis.attempt((client) => client.set(jwksKey, JSON.stringify({ keys })))
    return ring
  }

  async function readSigning() {
    const ring = await readAndTell()
    const newest = ring.findLast(({ may_sign }) => may_sign) as SigningKeyRow
    const { kid, private_sealed } = newest
    return { kid, privateKey: createPrivateKey(seal.open(private_sealed, contextOf(kid))) }
  }

  return {
    signing() {
      if (kept && performance.now() < kept.until) return kept.key
      const key = readSigning()
      kept = { key, until: performance.now() + keptMs }
      key.catch(() => (kept = undefined))
      return key
    },
    published: async () => (await readAndTell()).map(({ public_jwk }) => public_jwk),
    async sweep() {
      await readAndTell()
      return 0
    },
  }
}

const generate = promisify(generateKeyPair)

async function newKey(seal: Seal): Promise<{ publicJwk: PublicJwk; privateSealed: string }> {
  const { publicKey, privateKey } = await generate('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const bare = { kty: 'OKP', crv: 'Ed25519', x } as const
  const kid = await calculateJwkThumbprint(bare)
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return {
    publicJwk: { ...bare, kid, alg: 'EdDSA', use: 'sig' },
    privateSealed: seal.seal(pem, contextOf(kid)),
  }
}

const contextOf = (kid: string) => `users signing key ${kid}`
