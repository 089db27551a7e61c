/** First in, first out, in constant time, however long it gets. */
export type Queue<Item> = {
  readonly length: number
  push(item: Item): void
  shift(): Item | undefined
  /** The next to be shifted. */
  peek(): Item | undefined
}

export function createQueue<Item>(): Queue<Item> {
  let items: (Item | undefined)[] = []
  let head = 0
  return {
    get length() {
      return items.length - head
    },
    push: (item) => void items.push(item),
    peek: () => items[head],
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      if (head === items.length) {
        items = []
        head = 0
      } else if (head >= 1024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
  }
}
