import type { Upstream } from './upstream.ts'

/** One process that answers, and how much it has to do. */
export type Place = { inFlight: number; readonly upstream: Upstream }

export type FailureCode = 'function-unreachable' | 'busy' | 'time-limit'

/** A request that no process could take yet. */
export type Waiting = {
  readonly sinceMs: number
  /** True once nobody waits for its answer any more. */
  readonly isOver: boolean
  go(place: Place): void
  fail(code: FailureCode, detail: string): void
}

/** Where requests for one name go. Every `take` and every `go` is followed by one `release`. */
export type Backend = {
  readonly name: string
  /** From the arrival of a request to the end of its answer. */
  readonly timeoutMs: number
  /** Takes several CloudEvents in one request, and answers each. */
  readonly takesBatches?: boolean
  /** The process with the least to do, or undefined where the request has to wait. */
  take(): Place | undefined
  /** Puts the request into the queue, or fails it at once. */
  wait(waiting: Waiting): void
  release(place: Place): void
  /** Nobody listens there any more; nothing was sent. */
  refused(place: Place): void
  /** Ends connections that have been idle for long. */
  tidy(): void
}

export const waitMsMax = 60_000
