import type { EventStore } from './store.ts'

/** Takes settled entries out of a Trigger's stream: all that settle in the same moment go with one command. */
export type Settled = {
  add(id: string): void
  /** Takes out what is left, in one try: where the store does not answer, it is delivered again some day. */
  end(): Promise<void>
}

const retryMs = 500

export function createSettled(
  store: EventStore,
  trigger: string,
  onRemoved: (id: string) => void,
): Settled {
  let ids: string[] = []
  let hasEnded = false

  async function flush(): Promise<void> {
    const now = ids
    ids = []
    if (now.length === 0) return
    try {
      await store.remove(trigger, now)
    } catch {
      ids.push(...now)
      if (!hasEnded) setTimeout(() => void flush(), retryMs).unref()
      return
    }
    for (const id of now) onRemoved(id)
  }

  return {
    add(id) {
      ids.push(id)
      if (ids.length === 1) setImmediate(() => void flush())
    },
    end() {
      hasEnded = true
      return flush()
    },
  }
}
