/** Something that happens at a moment of the virtual clock; of two at the same moment the older one first. */
export type Happening = { at: number; order: number; work: () => void; isOff: boolean }

export type Queue = {
  add(happening: Happening): void
  /** Takes the next one out. */
  take(): Happening | undefined
}

/** A binary heap. */
export function createQueue(): Queue {
  const heap: Happening[] = []
  const isBefore = (a: Happening, b: Happening) =>
    a.at < b.at || (a.at === b.at && a.order < b.order)

  function sink(last: Happening): void {
    let place = 0
    for (let child = 1; child < heap.length; child = place * 2 + 1) {
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as Happening)) child++
      const smaller = heap[child] as Happening
      if (!isBefore(smaller, last)) break
      heap[place] = smaller
      place = child
    }
    heap[place] = last
  }

  return {
    add(happening) {
      let place = heap.length
      while (place > 0) {
        const parent = (place - 1) >> 1
        const above = heap[parent] as Happening
        if (!isBefore(happening, above)) break
        heap[place] = above
        place = parent
      }
      heap[place] = happening
    },
    take() {
      const first = heap[0]
      const last = heap.pop()
      if (last && heap.length > 0) sink(last)
      return first
    },
  }
}
