import type { Service } from '../manifests/services.ts'
import { waitMsMax, type Backend, type Place, type Waiting } from './backend.ts'
import { Crew, type CrewOptions } from './crew.ts'
import { createQueue } from './queue.ts'
import { createLoad, createScaler, type Scaler } from './scale.ts'

export type RevisionStatus = {
  processes: { pid: number; inFlight: number }[]
  /** Requests without a process. */
  waiting: number
  /** How many processes there should be. */
  scale: number
}

export type RevisionOptions = Pick<
  CrewOptions,
  'start' | 'logFile' | 'restartWaitMsMax' | 'say'
> & {
  service: Service
  /** Keeps one process at least. */
  isWarm: boolean
}

const waitingMax = 20_000

/**
 * One function as it is deployed, with its activator and its autoscaler. A request takes the process with the
 * least in flight, or waits: for one to start, or for a place where all have as many as `containerConcurrency`
 * allows. All bookkeeping is synchronous, so that nothing comes between finding a place and taking it.
 */
export class Revision implements Backend {
  readonly name: string
  readonly namespace: string
  readonly timeoutMs: number
  readonly #service: Service
  readonly #say: (line: string) => void
  readonly #minScale: number
  readonly #crew: Crew
  readonly #scaler: Scaler
  readonly #queue = createQueue<Waiting>()
  readonly #load = createLoad()
  #isStopped = false

  constructor({ service, isWarm, ...rest }: RevisionOptions) {
    this.name = service.name
    this.namespace = service.namespace
    this.timeoutMs = service.timeoutMs
    this.#service = service
    this.#say = rest.say
    this.#minScale = Math.max(service.autoscaling.minScale, isWarm ? 1 : 0)
    this.#scaler = createScaler(service.autoscaling)
    this.#crew = new Crew({
      ...rest,
      name: service.name,
      timeoutMs: service.timeoutMs,
      onReady: () => {
        this.#load.restartIdle()
        this.#serveQueue()
      },
      onBroken: (detail) => this.#failQueue('function-unreachable', detail),
    })
  }

  /** Starts what has to run without a request; false where nothing has to. */
  start(): boolean {
    if (this.#minScale > 0) this.#crew.scaleTo(this.#minScale)
    return this.#minScale > 0
  }

  isReady(): boolean {
    return this.#crew.ready.length > 0
  }

  isBusy(): boolean {
    return this.#crew.isBusy()
  }

  take(): Place | undefined {
    let best: Place | undefined
    for (const place of this.#crew.ready)
      if (place.inFlight < this.#service.inFlightMax)
        if (best === undefined || place.inFlight < best.inFlight) best = place
    if (best === undefined) return undefined
    best.inFlight++
    this.#load.enter()
    return best
  }

  wait(waiting: Waiting): void {
    const trouble = this.#crew.trouble()
    if (this.#isStopped) waiting.fail('busy', `${this.name} is being stopped`)
    else if (trouble) waiting.fail('function-unreachable', trouble)
    else if (this.#queue.length >= waitingMax)
      waiting.fail('busy', `${waitingMax} requests already wait for ${this.name}`)
    else {
      this.#queue.push(waiting)
      if (this.#crew.wanted === 0) this.#wake()
    }
  }

  release(place: Place): void {
    place.inFlight--
    this.#load.leave()
    this.#crew.released(place)
    if (this.#queue.length > 0) this.#serveQueue()
  }

  refused(place: Place): void {
    this.#crew.refused(place)
  }

  tidy(): void {
    this.#crew.tidy()
  }

  /** Measures the load and scales. Called every 2 s, as often as Knative does. */
  tick(): void {
    this.#dropLate()
    const { average, spanMs } = this.#load.average()
    const nowMs = performance.now()
    this.#scaler.observe(average + this.#queue.length, spanMs, nowMs)
    const from = this.#crew.wanted
    if (from === 0) return
    const { windowMs, scaleDownDelayMs, retentionMs } = this.#service.autoscaling
    const idleMs = this.#queue.length > 0 ? 0 : this.#load.idleMs()
    const isIdle = idleMs >= Math.max(windowMs, scaleDownDelayMs) + retentionMs
    const desired = Math.max(1, this.#scaler.desired(this.#crew.ready.length, nowMs))
    const to = isIdle ? this.#minScale : desired
    if (to === from) return
    this.#say(`${this.name} ${from} → ${to}, ${this.#reason(from, to, idleMs)}`)
    this.#crew.scaleTo(to)
  }

  status(): RevisionStatus {
    return {
      processes: this.#crew.status(),
      waiting: this.#queue.length,
      scale: this.#crew.wanted,
    }
  }

  /** Requests that are on their way, waiting ones among them. */
  inFlight(): number {
    return this.#load.count() + this.#queue.length
  }

  /** Takes nothing more and ends every process. */
  stop(): Promise<void> {
    this.#isStopped = true
    this.#failQueue('busy', `${this.name} is being stopped`)
    return this.#crew.stop()
  }

  #reason(from: number, to: number, idleMs: number): string {
    if (to === 0) return `idle for ${Math.floor(idleMs / 1000)} s`
    return to > from ? `${this.inFlight()} requests in flight` : 'the load fell'
  }

  #wake(): void {
    const { activationScale, maxScale } = this.#service.autoscaling
    this.#scaler.reset()
    this.#load.average()
    this.#load.restartIdle()
    this.#crew.scaleTo(Math.min(activationScale, maxScale))
  }

  #serveQueue(): void {
    for (let next = this.#queue.peek(); next; next = this.#queue.peek()) {
      const place = next.isOver ? undefined : this.take()
      if (!next.isOver && !place) return
      this.#queue.shift()
      if (place) next.go(place)
    }
  }

  #failQueue(code: 'function-unreachable' | 'busy', detail: string): void {
    for (let one = this.#queue.shift(); one; one = this.#queue.shift())
      if (!one.isOver) one.fail(code, detail)
  }

  #dropLate(): void {
    const limit = performance.now() - waitMsMax
    for (let one = this.#queue.peek(); one; one = this.#queue.peek()) {
      if (!one.isOver && one.sinceMs >= limit) return
      this.#queue.shift()
      if (!one.isOver)
        one.fail('time-limit', `${this.name} had no place within ${waitMsMax / 1000} s`)
    }
  }
}
