import type { Visitor } from './callers.ts'
import type { Deps } from './deps.ts'
import type { Passage } from './passage.ts'

const everyMs = 4000
const atOnce = 500

/**
 * Streams outlast the look that was taken at their caller when they began, so those of users are looked at again
 * every 4 s: who is banned meanwhile is cut off within 5 s. Where Redis does not say, they go on to their end.
 */
export function watchStreams({ redis, openStreams }: Pick<Deps, 'redis' | 'openStreams'>) {
  async function look(): Promise<void> {
    const all = [...openStreams]
    for (let i = 0; i < all.length; i += atOnce) {
      const some = all.slice(i, i + atOnce)
      const keys = some.flatMap(([, ids]) => ids.map((id) => `ban:${id}`))
      const found = await redis.attempt((client) => client.mget(keys))
      if (!found) return
      let at = 0
      for (const [passage, ids] of some) {
        const own = found.slice(at, (at += ids.length))
        if (own.some((value) => value !== null)) passage.outgoing.destroy()
      }
    }
  }
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return { close: () => clearInterval(timer) }
}

/** All that a ban of his may stand under. */
export function banIdsOf(visitor: Visitor): string[] {
  if (visitor.kind === 'anyone') return []
  const { id, sessionId, keyId } = visitor
  return [id, sessionId, keyId].filter((one) => one !== undefined)
}

/** A stream of a user, from here to its end. */
export function keepStream(
  { openStreams }: Pick<Deps, 'openStreams'>,
  passage: Passage,
  visitor: Visitor,
): void {
  const ids = banIdsOf(visitor)
  if (ids.length === 0) return
  openStreams.set(passage, ids)
  passage.outgoing.once('close', () => openStreams.delete(passage))
}
