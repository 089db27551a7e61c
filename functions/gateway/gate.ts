import { createHmac } from 'node:crypto'
import { Problem } from '../_runtime/problem.ts'
import type { Bucket } from './buckets.ts'
import { notSignedIn, type Visitor } from './callers.ts'
import type { Judge, Judgement } from './judge.ts'
import { limitClassOf, type LimitClass, type Limits, type LimitScope } from './limits.ts'
import type { Passage } from './passage.ts'
import type { PublicRoute } from './routes.ts'
import { banIdsOf } from './streams.ts'

type Counter = { inc(labels: Record<string, string>): void }

export type GateOptions = {
  limits: Limits
  judge: Judge
  /** Keeps accounts that are tried apart without their names. */
  accountKey: string
  limited: Counter
  banned: Counter
}

export type Gate = {
  /** One question to Redis: is he banned, and has he asked too often? Throws what he is told then. */
  pass(passage: Passage, visitor: Visitor, route: PublicRoute): Promise<void>
  /** For a secret that did not open anything: counted for the address alone, whoever it claims to be. */
  passStranger(passage: Passage, limitClass: LimitClass): Promise<void>
  /** Before somebody tries to enter an account. Gives what forgets the count once he is in. */
  passGuess(passage: Passage, account: string): Promise<() => void>
}

/** Bans outlive Redis here, in this process: as many as it has met, the oldest first to go. */
const bansMax = 10_000
/** As long as the longest access token: nothing that Redis said is believed longer without it. */
const believedMs = 15 * 60_000
/** `users` gives no token to the banned, so a token this young says itself that there was no ban. */
const youngSeconds = 5 * 60

export function createGate(options: GateOptions): Gate {
  const { limits, judge, accountKey, limited } = options
  const bans = new Set<string>()

  const bucket = (name: LimitClass, scope: LimitScope, id: string): Bucket[] => {
    const limit = limits[name][scope]
    return limit ? [{ key: `${name}:${scope}:${id}`, ...limit }] : []
  }
  const ofAddress = (name: LimitClass, { network }: Passage) => bucket(name, 'address', network)

  function bucketsOf(name: LimitClass, visitor: Visitor, passage: Passage): Bucket[] {
    if (visitor.kind === 'anyone') return ofAddress(name, passage)
    const { keyId } = visitor
    return [
      ...(keyId === undefined ? [] : bucket(name, 'key', keyId)),
      ...bucket(name, 'user', visitor.id),
      ...ofAddress(name, passage),
    ]
  }

  function refuseBanned(visitor: Visitor, ids: readonly string[], judgement: Judgement): void {
    if (visitor.kind === 'anyone') return
    const bannedId = judgement.isLocal
      ? ids.find((id) => bans.has(id))
      : ids[judgement.bannedAt - 1]
    if (bannedId !== undefined) {
      remember(bannedId)
      options.banned.inc({ what: bannedId === visitor.id ? 'user' : 'token' })
      throw bannedId === visitor.id
        ? new Problem('account-banned', 'This account may not be used; its owner has been told why')
        : new Problem(
            'token-revoked',
            'The session or key behind this token has ended; log in again',
          )
    }
    if (!judgement.isLocal) {
      for (const id of ids) bans.delete(id)
      cleanAtMs.set(visitor, performance.now())
    } else if (!isBelieved(visitor)) throw notSignedIn()
  }

  function remember(id: string): void {
    bans.add(id)
    if (bans.size > bansMax) bans.delete(bans.values().next().value as string)
  }

  function refuseLimited(name: LimitClass, buckets: readonly Bucket[], judgement: Judgement): void {
    const refused = buckets[judgement.refusedAt - 1]
    if (!refused) return
    const scope = refused.key.split(':')[1] as string
    limited.inc({ class: name, scope, by: judgement.isLocal ? 'process' : 'redis' })
    const seconds = Math.max(1, Math.ceil(judgement.waitMs / 1000))
    throw new Problem('too-many-requests', `Too many requests; try again in ${seconds} s`, {
      retryAfterSeconds: seconds,
    })
  }

  async function ask(name: LimitClass, buckets: Bucket[]): Promise<void> {
    if (buckets.length === 0) return
    const judgement = await judge.ask({ bans: [], buckets })
    refuseLimited(name, buckets, judgement)
  }

  return {
    async pass(passage, visitor, route) {
      const name = limitClassOf(route)
      const buckets = bucketsOf(name, visitor, passage)
      const bansOf = banIdsOf(visitor)
      if (buckets.length + bansOf.length === 0) return
      const judgement = await judge.ask({ bans: bansOf, buckets })
      refuseBanned(visitor, bansOf, judgement)
      if (buckets[0]) tell(passage, name, buckets[0], judgement)
      refuseLimited(name, buckets, judgement)
    },
    passStranger: (passage, name) => ask(name, ofAddress(name, passage)),
    async passGuess(passage, account) {
      const id = createHmac('sha256', accountKey).update(account).digest('base64url').slice(0, 22)
      const buckets = [
        ...bucket('credentials', 'guess', `${id}:${passage.network}`),
        ...bucket('credentials', 'account', id),
      ]
      await ask('credentials', buckets)
      return () => judge.clear(buckets.map(({ key }) => key))
    },
  }
}

/**
 * Redis is away, so nobody says whether he is banned. Who was seen without a ban before goes on; anybody else
 * only with a token so young that `users`, which owns the bans, has just looked. He refreshes his session and
 * is let in, or not, by `users`: nothing is let through that nobody has checked (ASVS 5.0, 16.5.3).
 */
function isBelieved(visitor: Extract<Visitor, { kind: 'user' }>): boolean {
  const sinceMs = performance.now() - (cleanAtMs.get(visitor) ?? -Infinity)
  return sinceMs < believedMs || Date.now() / 1000 - (visitor.issuedAt ?? 0) < youngSeconds
}

/** When Redis last said of a token that there is no ban, by `performance.now()`. */
const cleanAtMs = new WeakMap<Visitor, number>()

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): of the caller's own count alone. */
function tell(passage: Passage, name: LimitClass, own: Bucket, judgement: Judgement): void {
  const { refusedAt, remaining, waitMs, resetMs } = judgement
  const [left, seconds] = refusedAt > 0 ? [0, waitMs] : [remaining, resetMs]
  passage.moreHeaders.push(
    'ratelimit-policy',
    `"${name}";q=${own.quota};w=${own.seconds}`,
    'ratelimit',
    `"${name}";r=${left};t=${Math.max(1, Math.ceil(seconds / 1000))}`,
  )
}
