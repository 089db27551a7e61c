import { AsyncLocalStorage } from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { newId } from '../../functions/_runtime/ids.ts'
import type { Chance } from './chance.ts'
import { LightHeaders, LightResponse } from './fetch-parts.ts'
import { createQueue, type Happening } from './queue.ts'

/** Whoever's work is at hand: his timers end with him, and his clock may be wrong. */
export type Owner = { isDead: boolean; skewMs: number }

export const whose = new AsyncLocalStorage<Owner>()

/** The one clock of a simulation. Nothing in it waits: the next thing that is due happens at once. */
export type Clock = {
  /** The true time, in Unix milliseconds; a process may believe another. */
  now(): number
  after(ms: number, work: () => void): Happening
  sleep(ms: number): Promise<void>
  /** Lets happen what is due, one thing after the other, until `isOver` or `atMost`. */
  run(isOver: () => boolean, atMost: number): Promise<void>
  end(): void
}

const startMs = Date.UTC(2026, 0, 1, 12)
const stepsInATurn = 64
const real = { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval, clearImmediate }
const RealDate = Date
const [RealResponse, RealHeaders] = [Response, Headers]
const realNow = performance.now.bind(performance)
const realRandom = Math.random.bind(Math)

type Active = { clock: Clock; chance: Chance }
let active: Active | undefined

/** Makes timers, dates, chance and ids of this process those of a new clock, until it ends. One at a time. */
export function startClock(chance: Chance): Clock {
  patch()
  if (active) throw new Error('a simulation is running already')
  const queue = createQueue()
  let now = startMs
  let order = 0

  const clock: Clock = {
    now: () => now,
    after(ms, work) {
      const happening = { at: now + Math.max(0, ms), order: order++, work, isOff: false }
      queue.add(happening)
      return happening
    },
    sleep: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
    run: (isOver, atMost) =>
      new Promise((resolve, reject) => {
        let isDone = false
        const end = (say: () => void) => {
          isDone = true
          say()
        }
        // Between two immediates Node runs whatever promises the first one settled, to the end; many of them
        // share one turn of its loop, which asks the system for news that never comes.
        const turn = () => {
          for (let i = 0; i < stepsInATurn && !isDone; i++) real.setImmediate(step)
          real.setImmediate(() => !isDone && turn())
        }
        const step = () => {
          if (isDone) return
          try {
            if (isOver()) return end(resolve)
            const next = queue.take()
            if (!next) return end(resolve)
            if (next.at > atMost) {
              queue.add(next)
              now = atMost
              return end(resolve)
            }
            now = next.at
            if (!next.isOff) next.work()
          } catch (err) {
            end(() => reject(err))
          }
        }
        turn()
      }),
    end() {
      active = undefined
      Object.assign(globalThis, { Response: RealResponse, Headers: RealHeaders })
    },
  }
  active = { clock, chance }
  Object.assign(globalThis, { Response: LightResponse, Headers: LightHeaders })
  // Ids keep a supply of chance from one to the next: what the last simulation left is used up first.
  refilled = false
  while (!refilled) newId()
  return clock
}

let isPatched = false
let refilled = false

function patch(): void {
  if (isPatched) return
  isPatched = true
  Object.assign(globalThis, {
    setTimeout: (work: () => void, ms = 0) =>
      active ? later(work, ms) : real.setTimeout(work, ms),
    setImmediate: (work: () => void) => (active ? later(work, 0) : real.setImmediate(work)),
    setInterval: (work: () => void, ms = 0) =>
      active ? every(work, ms) : real.setInterval(work, ms),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    Date: VirtualDate,
  })
  performance.now = () => (active ? active.clock.now() - startMs : realNow())
  Math.random = () => (active ? active.chance.next() : realRandom())
  const { randomFillSync, randomBytes, randomUUID } = crypto
  Object.assign(crypto, {
    randomFillSync: (bytes: Buffer) => (active ? fill(bytes) : randomFillSync(bytes)),
    randomBytes: (size: number) => (active ? fill(Buffer.alloc(size)) : randomBytes(size)),
    randomUUID: () => (active ? uuidOf(fill(Buffer.alloc(16))) : randomUUID()),
  })
  syncBuiltinESMExports()
}

type Timer = Happening & { unref(): Timer; ref(): Timer }

function later(work: () => void, ms: number): Timer {
  const owner = whose.getStore()
  const within = AsyncLocalStorage.snapshot()
  const happening = active?.clock.after(ms, () => {
    if (!owner?.isDead) within(work)
  })
  const timer = Object.assign(happening as Happening, { unref: () => timer, ref: () => timer })
  return timer
}

function every(work: () => void, ms: number): Timer {
  const timer = later(() => {
    const next = every(work, ms)
    next.isOff = timer.isOff
    work()
  }, ms)
  return timer
}

function clear(timer: (Timer & NodeJS.Timeout) | undefined): void {
  if (timer && 'isOff' in timer) timer.isOff = true
  else real.clearTimeout(timer)
}

/** What the clock on the wall of the process at hand says. */
const wallNow = () =>
  active ? Math.floor(active.clock.now()) + (whose.getStore()?.skewMs ?? 0) : RealDate.now()

class VirtualDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(wallNow())
    else super(...(given as [number]))
  }

  static override now = wallNow
}

function fill(bytes: Buffer): Buffer {
  refilled = true
  for (let i = 0; i < bytes.length; i++) bytes[i] = (active?.chance.next() ?? 0) * 256
  return bytes
}

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
