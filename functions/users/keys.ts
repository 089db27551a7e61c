import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Database } from '../_runtime/database.ts'
import type { RedisAttempts } from '../_runtime/redis.ts'
import { jwksKey } from '../_runtime/runtime.ts'
import type { Seal } from '../_runtime/seal.ts'
import { contextOf, newKeyPair } from './key-pair.ts'
import {
  deleteRetired,
  findKeys,
  insertKey,
  insertNextKey,
  isNextDue,
  lockKeys,
  type KeyTimes,
  type PublicJwk,
  type SigningKeyRow,
} from './store/signing-keys.ts'

/**
 * The keys that access tokens are signed with. Private keys lie sealed in this function's database and are
 * open only in its memory; the public set is copied to Redis, so that others can check a token while this
 * function sleeps. The first key is made when it is first needed, by one of however many ask; each next one is
 * public `aheadSeconds` before it signs, and the one before stays public until its last token is over.
 */
export type Keys = {
  /** The key to sign with at the moment. */
  signing(): Promise<{ kid: string; privateKey: KeyObject }>
  /** The public set, which is never empty. */
  published(): Promise<PublicJwk[]>
  /** Makes the next key where it is due, forgets what has retired, and copies the public set to Redis, which
   * may have lost it. Always 0: nothing is ever left over. */
  sweep(): Promise<number>
}

type Parts = { database: Database; redis: RedisAttempts }

/** Another instance may sign with the key that it keeps for this long after the next one has begun to. */
const keptMs = 60_000

export function createKeys({ database, redis }: Parts, seal: Seal, times: KeyTimes): Keys {
  let kept: { key: Promise<{ kid: string; privateKey: KeyObject }>; until: number } | undefined

  async function readRing(): Promise<SigningKeyRow[]> {
    const ring = await findKeys(database)
    if (ring.some(({ may_sign }) => may_sign)) return ring
    const first = await newKeyPair(seal)
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
    const startedAt = performance.now()
    const ring = await readAndTell()
    const { kid, private_sealed } = ring.findLast(({ may_sign }) => may_sign) as SigningKeyRow
    const nextMs = ring.find(({ may_sign }) => !may_sign)?.signs_in_ms ?? keptMs
    const privateKey = createPrivateKey(seal.open(private_sealed, contextOf(kid)))
    return { kid, privateKey, until: startedAt + Math.min(keptMs, nextMs) }
  }

  /** Makes the next key, once, by whoever of several gets the lock first. */
  async function makeNext(): Promise<void> {
    const next = await newKeyPair(seal)
    await database.transaction(async (tx) => {
      await lockKeys(tx)
      await insertNextKey(tx, next, times)
    })
  }

  return {
    signing() {
      if (kept && performance.now() < kept.until) return kept.key
      const key = readSigning()
      const mine = { key, until: performance.now() + keptMs }
      kept = mine
      key.then(
        ({ until }) => (mine.until = until),
        () => (kept = undefined),
      )
      return key
    },
    published: async () => (await readAndTell()).map(({ public_jwk }) => public_jwk),
    async sweep() {
      if (await isNextDue(database, times)) await makeNext()
      await deleteRetired(database)
      await readAndTell()
      return 0
    },
  }
}
