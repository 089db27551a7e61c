import type { Redis } from 'ioredis'

export type Key = { value: string; endsAt: number }

/** A Redis in memory, as far as seating's guard uses it. */
export type Keys = {
  all: Map<string, Key>
  flush(): void
  /** A client whose commands go through `gate`. */
  connect(gate: (command: string, effect: () => unknown) => Promise<unknown>): Redis
}

type Given = [keys: number, ...args: (string | number)[]]
type Script = (keys: string[], args: string[]) => unknown

export function createKeys(now: () => number): Keys {
  const all = new Map<string, Key>()
  const read = (key: string) => {
    const kept = all.get(key)
    if (kept && kept.endsAt <= now()) all.delete(key)
    return all.get(key)
  }
  const change = (key: string, changes: Partial<Key>) =>
    all.set(key, { ...(read(key) as Key), ...changes })

  /** By the names that functions/seating/guard.ts gives its scripts. */
  const scripts: Record<string, Script> = {
    takeSeats(keys, [hold = '', ms]) {
      const taken = keys.flatMap((key, i) => {
        const holder = read(key)?.value
        if (holder === undefined || holder === hold || holder === `sold:${hold}`) return []
        return holder.startsWith('sold:') ? -(i + 1) : i + 1
      })
      if (taken.length === 0)
        for (const key of keys)
          if (!read(key)) all.set(key, { value: hold, endsAt: now() + Number(ms) })
      return taken
    },
    keepSeats(keys, [hold, ms]) {
      for (const key of keys)
        if (read(key)?.value === hold) change(key, { endsAt: now() + Number(ms) })
      return 0
    },
    markSeatsSold(keys, [hold]) {
      for (const key of keys) if (read(key)?.value === hold) change(key, { value: `sold:${hold}` })
      return 0
    },
    giveBackSeats(keys, [hold]) {
      for (const key of keys) if ([hold, `sold:${hold}`].includes(read(key)?.value)) all.delete(key)
      return 0
    },
  }

  return {
    all,
    flush: () => all.clear(),
    connect(gate) {
      const client: Record<string, unknown> = {
        connect: async () => {},
        disconnect: () => {},
        // Nobody watches here.
        publish: async () => 0,
      }
      for (const [name, script] of Object.entries(scripts))
        client[name] = (...[count, ...rest]: Given) => {
          const given = rest.map(String)
          return gate(name, () => script(given.slice(0, count), given.slice(count)))
        }
      return client as unknown as Redis
    },
  }
}
