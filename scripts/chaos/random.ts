/** Chance that can be had again: the same seed gives the same numbers. */
export type Random = {
  /** From 0 up to, but not, 1. */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number
  happens(chance: number): boolean
  pick<Item>(items: readonly Item[]): Item
  shuffled<Item>(items: readonly Item[]): Item[]
  /** One of its own for a part of the work, so that what one part draws changes nothing for another. */
  fork(name: string): Random
}

export function createRandom(seed: number, name = ''): Random {
  let state = mixed(`${seed} ${name}`)
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    between,
    happens: (chance) => next() < chance,
    pick(items) {
      if (items.length === 0) throw new Error('there is nothing to pick from')
      return items[between(0, items.length - 1)] as (typeof items)[number]
    },
    shuffled(items) {
      const left = [...items]
      for (let i = left.length - 1; i > 0; i--) {
        const j = between(0, i)
        ;[left[i], left[j]] = [left[j] as never, left[i] as never]
      }
      return left
    },
    fork: (part) => createRandom(seed, `${name}/${part}`),
  }
}

/** FNV-1a. */
function mixed(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return hash
}
