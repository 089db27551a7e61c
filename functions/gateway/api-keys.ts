import { createHash } from 'node:crypto'
import { Problem } from '../_runtime/problem.ts'

/** What `users` gives for a key. `expiresIn` is seconds. */
export type Exchanged = { accessToken: string; expiresIn: number; keyId: string }

export type ApiKeys = {
  /**
   * The access token that stands for a key, or undefined where the key opens nothing. `admit` is awaited before
   * a key that is not known is asked for, and may throw.
   */
  tokenFor(apiKey: string, admit: () => Promise<void>): Promise<string | undefined>
}

export type ApiKeysOptions = {
  exchange: (apiKey: string) => Promise<Exchanged>
  now?: () => number
}

const keyForm = /^bx_[\w-]{1,64}_[\w-]{16,128}$/
const keptMax = 10_000
const refusedMs = 5000
/** A token is renewed before it ends, so that it does not end on its way. */
const marginMs = 10_000

/**
 * Keys are exchanged once for as long as their token lives. A key is known here by its SHA-256 alone; one that
 * opens nothing is remembered for 5 s, and of many requests with one key, one asks.
 */
export function createApiKeys({
  exchange,
  now = () => performance.now(),
}: ApiKeysOptions): ApiKeys {
  const kept = new Map<string, { token: string | undefined; endsAtMs: number }>()
  const asking = new Map<string, Promise<string | undefined>>()

  async function ask(apiKey: string, hash: string): Promise<string | undefined> {
    const answer = await exchange(apiKey).catch((err: unknown) => {
      if (err instanceof Problem && err.status < 500) return undefined
      throw new Problem('busy', 'API keys cannot be looked up; try again', {}, err)
    })
    const lifeMs = (answer?.expiresIn ?? 0) * 1000
    const ms = answer ? lifeMs - Math.min(marginMs, lifeMs / 4) : refusedMs
    kept.delete(hash)
    kept.set(hash, { token: answer?.accessToken, endsAtMs: now() + ms })
    if (kept.size > keptMax) kept.delete(kept.keys().next().value as string)
    return answer?.accessToken
  }

  return {
    async tokenFor(apiKey, admit) {
      if (!keyForm.test(apiKey)) return undefined
      const hash = createHash('sha256').update(apiKey).digest('base64url')
      const known = kept.get(hash)
      if (known && known.endsAtMs > now()) return known.token
      const others = asking.get(hash)
      if (others) return others
      const asked = admit()
        .then(() => ask(apiKey, hash))
        .finally(() => asking.delete(hash))
      asking.set(hash, asked)
      return asked
    },
  }
}

/** The key of a request: `x-api-key`, or `Authorization: Bearer bx_…`. */
export const apiKeyIn = (authorization: string | undefined): string | undefined =>
  /^Bearer +(bx_\S+)$/i.exec(authorization ?? '')?.[1]
