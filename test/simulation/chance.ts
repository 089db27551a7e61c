/** Chance that can be had again: the same seed gives the same numbers in the same order. */
export type Chance = {
  /** From 0 up to 1. */
  next(): number
  /** True `odds` of the times. */
  is(odds: number): boolean
  /** A whole number from `min` to `max`. */
  whole(min: number, max: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** `sfc32` by Chris Doty-Humphrey, of PractRand: small, fast and good enough for any choice here. */
export function createChance(seed: number): Chance {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, seed | 0, Math.floor(seed / 2 ** 32) | 1]
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 16; i++) next()
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    is: (odds) => next() < odds,
    whole,
    pick: (items) => {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new Error('there is nothing to choose from')
      return item
    },
  }
}
