import { outsideContext } from './context.ts'

export type MergeOptions<Item> = {
  /** Items that go in one statement, at most. */
  itemsMax?: number
  /** Statements on their way at the same time, at most; the second only when the first takes long. */
  inFlightMax?: number
  /**
   * A statement begins so long after the one before it at the earliest, for work that nobody waits for: it is done
   * in fewer statements the more of it there is, and one that comes alone goes at once.
   */
  everyMs?: number
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

/** A statement that takes longer than this waits for a lock, or for a database far away. */
const slowMs = 50

/**
 * Group commit: calls of the same turn of the event loop go in one statement, and those that arrive while it is in
 * flight in the next. Nobody waits for company. A second statement goes beside the first only where that takes
 * long: two at a time would halve what each carries, and a statement's own cost is most of it. `run` answers one result an item, in the order of the items. When a statement fails and
 * nothing of it took effect, each of its items is run alone, so that one that cannot succeed fails alone.
 */
export function merged<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { itemsMax = 64, inFlightMax = 2, everyMs = 0, keys, mayRetry }: MergeOptions<Item>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = []
  let inFlight = 0
  let slow: NodeJS.Timeout | undefined
  let isGathering = false
  let beganAt = -Infinity

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
    if (waiting.length === 0) return
    if (isGathering && waiting.length < itemsMax) return
    if (inFlight === 0) return start()
    if (inFlight < inFlightMax) slow ??= setTimeout(start, slowMs)
  }

  function start(): void {
    clearTimeout(slow)
    slow = undefined
    if (waiting.length === 0) return
    inFlight += 1
    beganAt = performance.now()
    void send(takeBatch()).finally(() => {
      inFlight -= 1
      next()
    })
    next()
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
      if (isGathering) return
      isGathering = true
      const go = () => {
        isGathering = false
        next()
      }
      const restMs = beganAt + everyMs - performance.now()
      if (restMs > 0) setTimeout(go, restMs)
      else setImmediate(go)
    })
}
