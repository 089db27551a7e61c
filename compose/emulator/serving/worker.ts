import type { Place } from './backend.ts'
import { startProcess, type Start } from './process.ts'
import { createUpstream } from './upstream.ts'

/** How the process ended in whose place another comes, and when. */
export type Death = { how: string; diedMs: number }

export type WorkerEvents = {
  /** It takes requests from now on. Not called where it was told to leave before. */
  onReady: (worker: Worker) => void
  onExit: (worker: Worker, how: string) => void
}

const startMsMax = 30_000

/** One process of a function from its start to its end: it starts, stays, leaves, and ends. */
export class Worker {
  readonly startedMs = performance.now()
  readonly replaces: Death | undefined
  /** Set once it listens. */
  place: Place | undefined
  isStaying = true
  /** As it says itself, where it meets clients without us. */
  isBusy = false
  readonly #process: ReturnType<typeof startProcess>
  #isEnding = false
  #killTimer: NodeJS.Timeout

  constructor(start: Start, replaces: Death | undefined, events: WorkerEvents) {
    this.replaces = replaces
    this.#process = startProcess(start, {
      onListening: (port) => this.#listening(port, events),
      onBusy: (isBusy) => (this.isBusy = isBusy),
      onExit: (how) => {
        clearTimeout(this.#killTimer)
        this.place?.upstream.close()
        events.onExit(this, how)
      },
    })
    this.#killTimer = setTimeout(() => this.#process.kill(), startMsMax)
  }

  get pid(): number {
    return this.#process.pid
  }

  get inFlight(): number {
    return this.place?.inFlight ?? 0
  }

  /** Takes no more requests and ends when it has answered those that it has, or when the time is over. */
  leave(msMax: number): void {
    if (!this.isStaying) return
    this.isStaying = false
    if (this.inFlight === 0) return this.end(msMax)
    this.#killIn(msMax)
  }

  /** SIGTERM now, and SIGKILL where that takes longer. */
  end(msMax: number): void {
    this.isStaying = false
    if (this.#isEnding) return
    this.#isEnding = true
    this.#process.terminate()
    this.#killIn(msMax)
  }

  #listening(port: number, { onReady }: WorkerEvents): void {
    if (this.place || !this.isStaying) return
    clearTimeout(this.#killTimer)
    this.place = { inFlight: 0, upstream: createUpstream('127.0.0.1', port) }
    onReady(this)
  }

  #killIn(ms: number): void {
    clearTimeout(this.#killTimer)
    this.#killTimer = setTimeout(() => this.#process.kill(), ms)
  }
}
