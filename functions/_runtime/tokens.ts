import type { FunctionName } from '../../contracts/functions.ts'
import type { Role } from '../../contracts/route.ts'
import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
} from 'jose'
import { Problem } from './problem.ts'
import { isFunctionName } from './settings.ts'

/** Who calls: a person with an access token, another function with a service token, or nobody known. */
export type Caller =
  | {
      kind: 'user'
      id: string
      roles: readonly Role[]
      /** The log-in that the token came of (`sid`); none where it came of an API key. */
      sessionId?: string
      /** The API key that the token was made for (`key`). */
      keyId?: string
      /** All that the token may be used for (`scope`, RFC 8693); without them, whatever the roles allow. */
      scopes?: readonly string[]
      /** When `users` gave it, in seconds since 1970. */
      issuedAt?: number
    }
  | { kind: 'function'; name: FunctionName }
  | { kind: 'anyone' }

export const issuer = 'boxoffice'
export const userTokenType = 'at+jwt'
export const serviceTokenType = 'service+jwt'
/** Clocks of machines differ a little; a token may be this much early or late. */
export const clockToleranceSeconds = 5

const serviceSeconds = 60
/** More than that `users` cannot be set to. */
const accessSecondsMax = 3600
/** A key's thumbprint or name; nothing that a path or a statement could be made of. */
const keyIdForm = /^[\w-]{1,64}$/
const rememberedMax = 10_000
const unknownKeyRestMs = 30_000
/** As long as the answer of the JWKS may be cached: a key that was withdrawn is not trusted for ever. */
const keysStaleMs = 300_000

export type Tokens = {
  /** Throws jose's error where the token is not good. A token is verified once and remembered until it ends. */
  verify(token: string): Promise<Caller>
  /** The token that this function shows `callee`; made anew every half minute. */
  forCallee(callee: FunctionName): Promise<string>
}

export type TokensOptions = {
  self: FunctionName
  serviceKey: string
  /**
   * The public keys of `users`: from Redis, then over HTTP; undefined where neither answers. A copy in Redis that
   * lacks the key `wanted` is stale, and is asked for over HTTP too.
   */
  fetchKeys: (wanted?: string) => Promise<JSONWebKeySet | undefined>
}

export function createTokens({ self, serviceKey, fetchKeys }: TokensOptions): Tokens {
  const key = new TextEncoder().encode(serviceKey)
  const remembered = new Map<string, { caller: Caller; endsAt: number }>()
  const own = new Map<FunctionName, { token: Promise<string>; renewAt: number }>()
  const keys = createKeyRing(fetchKeys)

  async function check(token: string): Promise<{ caller: Caller; endsAt: number }> {
    const header = decodeProtectedHeader(token)
    refuseOddHeader(header)
    if (header.typ === serviceTokenType) {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: serviceTokenType,
        audience: self,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
      })
      refuseOddTimes(payload, serviceSeconds)
      if (!isFunctionName(payload.sub)) throw new errors.JWTInvalid('sub names no function')
      return { caller: { kind: 'function', name: payload.sub }, endsAt: endOf(payload) }
    }
    if (!keyIdForm.test(header.kid ?? '')) throw new errors.JWTInvalid('kid names no key')
    const { payload } = await jwtVerify<UserClaims>(token, keys, {
      algorithms: ['EdDSA'],
      typ: userTokenType,
      issuer,
      audience: issuer,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockToleranceSeconds,
    })
    refuseOddTimes(payload, accessSecondsMax)
    return { caller: userOf(payload), endsAt: endOf(payload) }
  }

  return {
    async verify(token) {
      const known = remembered.get(token)
      if (known && known.endsAt > Date.now()) return known.caller
      const checked = await check(token)
      if (remembered.size >= rememberedMax)
        remembered.delete(remembered.keys().next().value as string)
      remembered.set(token, checked)
      return checked.caller
    },
    forCallee(callee) {
      const kept = own.get(callee)
      if (kept && kept.renewAt > Date.now()) return kept.token
      const token = new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: serviceTokenType })
        .setSubject(self)
        .setAudience(callee)
        .setIssuedAt()
        .setExpirationTime(`${serviceSeconds}s`)
        .sign(key)
      own.set(callee, { token, renewAt: Date.now() + (serviceSeconds / 2) * 1000 })
      return token
    },
  }
}

/** All that our own tokens have: what else a header can say (`jwk`, `jku`, `crit` …) is only of use to a forger. */
const headerNames = new Set(['alg', 'typ', 'kid'])

function refuseOddHeader(header: object): void {
  const odd = Object.keys(header).find((name) => !headerNames.has(name))
  if (odd !== undefined) throw new errors.JWTInvalid(`the header says more than it may: ${odd}`)
}

/** A token of the future, or one for years (or with milliseconds for seconds), is none that we have made. */
function refuseOddTimes({ iat, exp }: { iat?: number; exp?: number }, secondsMax: number): void {
  const latest = Date.now() / 1000 + clockToleranceSeconds
  if (iat !== undefined && iat > latest) throw new errors.JWTInvalid('iat lies ahead')
  if ((exp as number) > latest + secondsMax) throw new errors.JWTInvalid('exp lies too far ahead')
}

type UserClaims = { roles?: Role[]; sid?: string; key?: string; scope?: string }

function userOf({
  sub,
  roles = [],
  sid,
  key,
  scope,
  iat,
}: UserClaims & { sub?: string; iat?: number }): Caller {
  return {
    kind: 'user',
    id: sub as string,
    roles,
    ...(sid === undefined ? {} : { sessionId: sid }),
    ...(key === undefined ? {} : { keyId: key }),
    ...(scope === undefined ? {} : { scopes: scope.split(' ').filter(Boolean) }),
    ...(iat === undefined ? {} : { issuedAt: iat }),
  }
}

const endOf = ({ exp = 0 }: { exp?: number }) => (exp + clockToleranceSeconds) * 1000

/**
 * Keeps the last keys it had. A key id that it does not know makes it ask for that key, at most every 30 s: who makes
 * up ids cannot have users asked more often.
 */
function createKeyRing(fetchKeys: TokensOptions['fetchKeys']) {
  let ring: ReturnType<typeof createLocalJWKSet> | undefined
  let askedAt = -Infinity
  let soughtAt = -Infinity
  let asking: Promise<void> | undefined

  async function ask(wanted?: string): Promise<void> {
    askedAt = performance.now()
    const keys = await fetchKeys(wanted)
    if (keys) ring = createLocalJWKSet(keys)
    else askedAt = ring ? askedAt : -Infinity
  }
  const askOnce = () => (asking ??= ask().finally(() => (asking = undefined)))

  /** One search at a time; who comes meanwhile with another unknown key waits for what it brings. */
  let seeking: Promise<void> | undefined
  const seek = (wanted: string) => {
    if (performance.now() - soughtAt < unknownKeyRestMs) return seeking
    soughtAt = performance.now()
    return (seeking = ask(wanted).finally(() => (seeking = undefined)))
  }

  return async (...args: Parameters<ReturnType<typeof createLocalJWKSet>>) => {
    if (!ring) await askOnce()
    else if (performance.now() - askedAt > keysStaleMs) void askOnce()
    if (!ring)
      throw new Problem('busy', 'The keys that tokens are checked with cannot be had; try again')
    try {
      return await ring(...args)
    } catch (err) {
      const kid = args[0]?.kid
      if (!(err instanceof errors.JWKSNoMatchingKey) || kid === undefined) throw err
      const found = seek(kid)
      if (!found) throw err
      await found
      return ring(...args)
    }
  }
}
