import type { Limit } from './limits.ts'

/** One count that a request is held against. */
export type Bucket = Limit & { key: string }

/** What is asked: whose bans, and which buckets; the first bucket is the one that the caller is told of. */
export type Question = { bans: readonly string[]; buckets: readonly Bucket[] }

/** What is answered. Places are counted from 1, as in Lua; 0 is none. */
export type Verdict = {
  /** The place in `bans` of one that there is. */
  bannedAt: number
  /** The place in `buckets` of the one that refuses for the longest; nothing was counted then. */
  refusedAt: number
  /** Until that one would let it pass. */
  waitMs: number
  /** What the first bucket still has, and how long until it is full again. */
  remaining: number
  resetMs: number
}

const bucketsMax = 50_000

/**
 * Buckets in this process, for while Redis is away. The rule is that of `limit-script.ts`, the generic cell
 * rate algorithm: a bucket is one time, the one at which it would be full again, and a request moves it on by
 * `seconds / quota`. It may not move further ahead of now than `seconds`.
 */
export function createBuckets(now: () => number = () => performance.now()) {
  const fullAtMs = new Map<string, number>()

  function ask({ buckets }: Question): Verdict {
    const nowMs = now()
    const verdict = { bannedAt: 0, refusedAt: 0, waitMs: 0, remaining: 0, resetMs: 0 }
    const next = buckets.map(({ key, quota, seconds }) => {
      const stepMs = (seconds * 1000) / quota
      return Math.max(fullAtMs.get(key) ?? 0, nowMs) + stepMs
    })
    buckets.forEach(({ seconds }, i) => {
      const waitMs = (next[i] as number) - nowMs - seconds * 1000
      // Less than a thousandth of a step is what floating point has lost.
      if (waitMs <= 0.001 || waitMs <= verdict.waitMs) return
      verdict.waitMs = waitMs
      verdict.refusedAt = i + 1
    })
    const [first] = buckets
    if (verdict.refusedAt > 0 || !first) return verdict
    buckets.forEach(({ key }, i) => keep(key, next[i] as number))
    verdict.resetMs = Math.ceil((next[0] as number) - nowMs - 0.001)
    const stepMs = (first.seconds * 1000) / first.quota
    verdict.remaining = Math.floor((first.seconds * 1000 - verdict.resetMs) / stepMs + 0.001)
    return verdict
  }

  /** The one that was not asked for the longest goes first. */
  function keep(key: string, value: number): void {
    fullAtMs.delete(key)
    fullAtMs.set(key, value)
    if (fullAtMs.size > bucketsMax) fullAtMs.delete(fullAtMs.keys().next().value as string)
  }

  return { ask, clear: (key: string) => void fullAtMs.delete(key) }
}

export type Buckets = ReturnType<typeof createBuckets>
