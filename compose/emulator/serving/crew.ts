import type { Place } from './backend.ts'
import type { Start } from './process.ts'
import { Worker, type Death } from './worker.ts'

export type CrewOptions = {
  name: string
  /** Asked at each start. */
  start: () => Start
  logFile: string
  timeoutMs: number
  /** Between the starts of a process that keeps dying young, at most; 30 s unless it is said otherwise. */
  restartWaitMsMax?: number | undefined
  say: (line: string) => void
  /** There is one more in `ready`. */
  onReady: () => void
  /** One could not start, and there is no other. */
  onBroken: (detail: string) => void
}

const stopMsMax = 10_000
const idleConnectionMsMax = 60_000
/** The time in which the exit of a process that refused a connection must be seen, or it is sent away. */
const refusedMsMax = 100
/** A process that lived this long was well: the next death is its first again. */
const wellMs = 10_000
const restartWaitMsMaxDefault = 30_000

/** The processes of one function, kept at the number that is wanted, as kubelet keeps containers. */
export class Crew {
  /** Those that take requests. */
  readonly ready: Place[] = []
  wanted = 0
  readonly #options: CrewOptions
  /** Also those that start or leave. */
  readonly #workers = new Set<Worker>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #earlyDeaths = 0
  #brokenBy: string | undefined
  #retryMs = 0
  #onEmpty = () => {}

  constructor(options: CrewOptions) {
    this.#options = options
  }

  status(): { pid: number; inFlight: number }[] {
    return [...this.#workers].map(({ pid, inFlight }) => ({ pid, inFlight }))
  }

  /** One of them says that many wait for its answers. */
  isBusy(): boolean {
    for (const { isBusy } of this.#workers) if (isBusy) return true
    return false
  }

  scaleTo(count: number): void {
    this.wanted = count
    if (count === 0) this.#earlyDeaths = 0
    for (const timer of this.#restarts) {
      if (this.#staying().length + this.#restarts.size <= count) break
      clearTimeout(timer)
      this.#restarts.delete(timer)
    }
    const byLoad = this.#staying().toSorted((a, b) => a.inFlight - b.inFlight)
    for (const worker of byLoad.slice(0, Math.max(0, byLoad.length - count))) this.#leave(worker)
    this.#fill()
  }

  /** Has answered a request; where it is leaving, that may have been the last. */
  released(place: Place): void {
    if (place.inFlight > 0 || this.ready.includes(place)) return
    const worker = this.#workerOf(place)
    if (worker && !worker.isStaying) worker.end(this.#options.timeoutMs)
  }

  /** It is dead, which we shall hear in a moment, or it has closed its door by itself and is replaced. */
  refused(place: Place): void {
    this.#removeReady(place)
    setTimeout(() => {
      const worker = this.#workerOf(place)
      if (!worker?.isStaying) return
      this.#leave(worker)
      this.#fill()
    }, refusedMsMax)
  }

  /** Why none can be had at the moment, where the last one could not start. */
  trouble(): string | undefined {
    if (this.#brokenBy === undefined || this.#restarts.size === 0 || this.#staying().length > 0)
      return undefined
    const seconds = Math.max(1, Math.ceil((this.#retryMs - performance.now()) / 1000))
    return `${this.#brokenBy}; tried again in ${seconds} s`
  }

  tidy(): void {
    for (const { upstream } of this.ready) upstream.endIdle(idleConnectionMsMax)
  }

  /** Ends all: SIGTERM, and SIGKILL where that takes longer than 10 s. */
  async stop(): Promise<void> {
    this.wanted = 0
    for (const timer of this.#restarts) clearTimeout(timer)
    this.#restarts.clear()
    if (this.#workers.size === 0) return
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
    for (const worker of this.#workers) {
      if (worker.place) this.#removeReady(worker.place)
      worker.end(stopMsMax)
    }
    await empty
  }

  #staying(): Worker[] {
    return [...this.#workers].filter(({ isStaying }) => isStaying)
  }

  #workerOf(place: Place): Worker | undefined {
    return [...this.#workers].find((worker) => worker.place === place)
  }

  #removeReady(place: Place): void {
    const at = this.ready.indexOf(place)
    if (at >= 0) this.ready.splice(at, 1)
  }

  #leave(worker: Worker): void {
    if (worker.place) this.#removeReady(worker.place)
    // Kubernetes' grace period is the Service's timeout.
    worker.leave(this.#options.timeoutMs)
  }

  #fill(replaces?: Death): void {
    while (this.#staying().length + this.#restarts.size < this.wanted)
      this.#workers.add(
        new Worker(this.#options.start(), replaces, {
          onReady: (worker) => this.#ready(worker),
          onExit: (worker, how) => this.#exited(worker, how),
        }),
      )
  }

  #ready({ place, replaces, startedMs }: Worker): void {
    const { name, say, onReady } = this.#options
    this.#brokenBy = undefined
    this.ready.push(place as Place)
    const tookMs = Math.round(performance.now() - (replaces?.diedMs ?? startedMs))
    if (replaces) say(`${name} died (${replaces.how}), started again in ${tookMs} ms`)
    else if (this.ready.length === 1) say(`${name} 0 → ${this.wanted}, cold start ${tookMs} ms`)
    onReady()
  }

  #exited(worker: Worker, how: string): void {
    this.#workers.delete(worker)
    if (worker.place) this.#removeReady(worker.place)
    if (worker.isStaying) this.#died(worker, how)
    if (this.#workers.size === 0) this.#onEmpty()
  }

  /** The first restart is immediate; one that keeps dying young waits 1, 2, 4 … 30 s. */
  #died({ place, startedMs }: Worker, how: string): void {
    const diedMs = performance.now()
    this.#earlyDeaths = diedMs - startedMs < wellMs ? this.#earlyDeaths + 1 : 0
    const { restartWaitMsMax = restartWaitMsMaxDefault } = this.#options
    const waitMs =
      this.#earlyDeaths <= 1 ? 0 : Math.min(1000 * 2 ** (this.#earlyDeaths - 2), restartWaitMsMax)
    if (waitMs === 0) this.#fill({ how, diedMs })
    else {
      const timer = setTimeout(() => {
        this.#restarts.delete(timer)
        this.#fill({ how, diedMs })
      }, waitMs)
      this.#restarts.add(timer)
    }
    if (!place) this.#broke(how, waitMs)
  }

  #broke(how: string, waitMs: number): void {
    const { name, logFile, say, onBroken } = this.#options
    this.#retryMs = performance.now() + waitMs
    this.#brokenBy = `${name} cannot start (${how}); its log says why: ${logFile}`
    say(`${this.#brokenBy}; tried again ${waitMs > 0 ? `in ${waitMs / 1000} s` : 'at once'}`)
    if (this.ready.length === 0) onBroken(this.#brokenBy)
  }
}
