/** Numbers that look random and are the same for the same seed, on every machine and for ever. */
export type Random = {
  /** At least 0 and below 1. */
  next(): number
  /** An integer; both ends can come. */
  between(least: number, most: number): number
  pick<Item>(items: readonly Item[]): Item
  /** A copy in another order. */
  shuffled<Item>(items: readonly Item[]): Item[]
  /** True so often, of 1. */
  happens(share: number): boolean
}

/** A linear congruential step whose high bits are mixed: plenty for a data set, and nothing for a secret. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x45d9f3b)
    mixed ^= mixed >>> 16
    mixed = Math.imul(mixed, 0x45d9f3b)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick: (items) => items[between(0, items.length - 1)] as (typeof items)[number],
    shuffled(items) {
      const left = [...items]
      return items.map(
        () => left.splice(between(0, left.length - 1), 1)[0] as (typeof left)[number],
      )
    },
    happens: (share) => next() < share,
  }
}
