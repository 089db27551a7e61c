import { createQueue } from '../serving/queue.ts'
import type { CloudEvent } from './cloud-event.ts'
import type { Entry, Step } from './entry.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { createSettled, type Settled } from './settled.ts'
import type { EventStore, Stored } from './store.ts'

export type BacklogOptions = {
  trigger: string
  store: EventStore
  /** Somebody waits for an answer. */
  isBusy: () => boolean
  /** One try. Never rejects. */
  deliver: (entry: Entry) => Promise<Step>
  /** Deliveries at the same time, at most. */
  deliveringMax: number
  /** An entry was given up. */
  onGivenUp: (entry: Entry, reason: string) => void
}

const knownMax = 2000
const knownBytesMax = 32 * 1024 * 1024
const pageSize = 200
const storeRetryMs = 500

/**
 * The events that one Trigger still has to deliver. All of them stand in the store; those at the front are
 * known here as well, up to a limit, and are tried, in parallel, in no order that anybody may count on. A new
 * event goes straight from the producer's request to its delivery, unless there are too many: then it is read
 * from the store when its time comes. So is everything that was in doubt: after a start, and after Redis could
 * not be reached. An entry is removed once it is settled; a crash before that delivers it again.
 */
export class Backlog {
  readonly #options: BacklogOptions
  readonly #settled: Settled
  readonly #rounds: Rounds
  readonly #known = new Map<string, Entry>()
  readonly #due = createQueue<Entry>()
  #knownBytes = 0
  #delivering = 0
  #isReading = false
  /** From here on the store may hold entries that are not known; undefined where it holds none. */
  #unreadFrom: string | undefined = '-'
  /** Something was stored while a page was being read: the end of that page is not the end. */
  #isReadStale = false
  #waiting = 0
  #isPaused = true

  constructor(options: BacklogOptions) {
    this.#options = options
    this.#settled = createSettled(options.store, options.trigger, (id) => this.#drop(id))
    this.#rounds = createRounds(options.isBusy, () => this.#pump())
  }

  /** Events that are stored and not settled; exact up to what is on its way. */
  get length(): number {
    return Math.max(0, this.#waiting)
  }

  /** Begins to deliver, with what an earlier run left. */
  async start(): Promise<void> {
    const { store, trigger } = this.#options
    this.#waiting = await store.count(trigger)
    this.#isPaused = false
    this.#read()
  }

  /** The event is stored under `id`. */
  add(id: string, event: CloudEvent): void {
    this.#waiting++
    if (this.#known.has(id)) return
    if (this.#unreadFrom === undefined && this.#hasRoom()) {
      this.#know({ id, event })
      this.#pump()
    } else if (this.#unreadFrom === undefined || isBefore(id, this.#unreadFrom))
      this.#unreadFrom = id
    else this.#isReadStale = true
  }

  /** Whether something was stored is unknown: looks through the store from its beginning. */
  doubt(): void {
    this.#unreadFrom = '-'
    this.#isReadStale = true
    this.#read()
  }

  /** Finds what no one knows of, where nothing is known though the store is not empty. */
  async reconcile(): Promise<void> {
    if (this.#isPaused || this.#known.size > 0) return
    const { store, trigger } = this.#options
    const count = await store.count(trigger).catch(() => 0)
    if (this.#known.size > 0) return
    this.#waiting = count
    if (count > 0) this.doubt()
  }

  /** Begins no other try, and waits for those that are running, at most `msMax`; the rest stays stored. */
  async stop(msMax: number): Promise<void> {
    this.#isPaused = true
    const limit = performance.now() + msMax
    while (this.#delivering > 0 && performance.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 10))
    await this.#settled.end()
  }

  #hasRoom(): boolean {
    return this.#known.size < knownMax && this.#knownBytes < knownBytesMax
  }

  #know({ id, event }: Stored): void {
    const entry = { id, event, tries: 0, failure: undefined, isDeadLetter: false }
    this.#known.set(id, entry)
    this.#knownBytes += event.data.length
    this.#due.push(entry)
  }

  #pump(): void {
    if (!this.#rounds.mayBegin(this.#waiting)) return
    while (this.#delivering < this.#options.deliveringMax && !this.#isPaused) {
      const entry = this.#due.shift()
      if (!entry) break
      this.#delivering++
      void this.#options.deliver(entry).then((step) => this.#stepped(entry, step))
    }
  }

  #stepped(entry: Entry, step: Step): void {
    this.#delivering--
    if (step.next === 'done') this.#settled.add(entry.id)
    else if (step.next === 'give up') void this.#giveUp(entry, step.reason)
    else if (step.waitMs === 0) this.#due.push(entry)
    else
      setTimeout(() => {
        this.#due.push(entry)
        this.#pump()
      }, step.waitMs).unref()
    this.#pump()
  }

  async #giveUp(entry: Entry, reason: string): Promise<void> {
    const { store, trigger, onGivenUp } = this.#options
    try {
      await store.giveUp(trigger, entry, reason)
    } catch {
      setTimeout(() => void this.#giveUp(entry, reason), storeRetryMs).unref()
      return
    }
    onGivenUp(entry, reason)
    this.#drop(entry.id)
  }

  #drop(id: string): void {
    this.#waiting--
    this.#knownBytes -= this.#known.get(id)?.event.data.length ?? 0
    this.#known.delete(id)
    if (this.#unreadFrom !== undefined && this.#known.size < knownMax / 2) this.#read()
  }

  #read(): void {
    if (!this.#isPaused && !this.#isReading) void this.#readPages()
  }

  async #readPages(): Promise<void> {
    const { store, trigger } = this.#options
    this.#isReading = true
    while (this.#unreadFrom !== undefined && this.#hasRoom() && !this.#isPaused) {
      this.#isReadStale = false
      const page = await store.read(trigger, this.#unreadFrom, pageSize).catch(() => undefined)
      if (page === undefined) {
        await new Promise((resolve) => setTimeout(resolve, storeRetryMs))
        continue
      }
      this.#take(page)
      this.#pump()
    }
    this.#isReading = false
  }

  #take(page: Stored[]): void {
    for (const stored of page) {
      this.#unreadFrom = stored.id
      if (this.#known.has(stored.id)) continue
      if (!this.#hasRoom()) return
      this.#know(stored)
    }
    if (page.length < pageSize && !this.#isReadStale) this.#unreadFrom = undefined
  }
}

/** Ids are `<ms>-<number>`. */
function isBefore(a: string, b: string): boolean {
  if (b === '-') return false
  const [aMs = 0, aNumber = 0] = a.split('-').map(Number)
  const [bMs = 0, bNumber = 0] = b.split('-').map(Number)
  return aMs < bMs || (aMs === bMs && aNumber < bNumber)
}
