/** Who is due when, to the half second: putting and taking cost the same for one and for 100,000. */
export type Wheel<Item> = {
  /** Due in `ms`, at most a minute; put again, only the last time counts. */
  put(item: Item, ms: number): void
  /** Hands over all that are due by now. */
  turn(): void
}

const slotMs = 500
const slotCount = 128

export function createWheel<Item extends object>(due: (item: Item) => void): Wheel<Item> {
  const slots: Item[][] = Array.from({ length: slotCount }, () => [])
  const places = new WeakMap<Item, number>()
  const clock = () => Math.floor(performance.now() / slotMs)
  let turned = clock()

  return {
    put(item, ms) {
      const slot = Math.max(turned, clock()) + Math.min(slotCount - 2, Math.ceil(ms / slotMs) || 1)
      places.set(item, slot)
      slots[slot % slotCount]?.push(item)
    },
    turn() {
      const now = clock()
      for (; turned < now; turned++) {
        const at = (turned + 1) % slotCount
        const items = slots[at] ?? []
        slots[at] = []
        for (const item of items) if (places.get(item) === turned + 1) due(item)
      }
    },
  }
}
