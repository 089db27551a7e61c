import { outsideContext } from './context.ts'

export type MergeOptions<Item> = {
  /** Items that go in one statement, at most. */
  itemsMax?: number
  /** Statements on their way at the same time, at most. */
  inFlightMax?: number
  /** Items that share one of these never go in the same statement. */
  keys?: (item: Item) => readonly string[]
  /** Says of a failed statement that nothing of it took effect, so that its items may each be tried alone. */
  mayRetry: (err: unknown) => boolean
}

type Waiting<Item, Result> = {
  item: Item
  resolve: (result: Result) => void
  reject: (err: unknown) => void
}

/**
 * Group commit: calls that arrive while a statement is in flight go together in the next one. The first call
 * never waits. `run` answers one result an item, in the order of the items. When a statement fails and
 * nothing of it took effect, each of its items is run alone, so that one that cannot succeed fails alone.
 */
export function merged<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { itemsMax = 64, inFlightMax = 2, keys, mayRetry }: MergeOptions<Item>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = []
  let inFlight = 0

  async function send(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await outsideContext(() => run(batch.map(({ item }) => item)))
      if (results.length !== batch.length) throw new Error('a merged statement lost a result')
      batch.forEach(({ resolve }, i) => resolve(results[i] as Result))
    } catch (err) {
      if (batch.length > 1 && mayRetry(err)) for (const one of batch) await send([one])
      else for (const { reject } of batch) reject(err)
    }
  }

  function next(): void {
    while (inFlight < inFlightMax && waiting.length > 0) {
      const batch = takeBatch()
      inFlight += 1
      void send(batch).finally(() => {
        inFlight -= 1
        next()
      })
    }
  }

  function takeBatch(): Waiting<Item, Result>[] {
    if (!keys) return waiting.splice(0, itemsMax)
    const taken: Waiting<Item, Result>[] = []
    const left: Waiting<Item, Result>[] = []
    const seen = new Set<string>()
    for (const one of waiting) {
      const own = keys(one.item)
      if (taken.length < itemsMax && !own.some((key) => seen.has(key))) taken.push(one)
      else left.push(one)
      for (const key of own) seen.add(key)
    }
    waiting = left
    return taken
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      next()
    })
}
