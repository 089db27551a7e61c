import type { Autoscaling } from '../manifests/autoscaling.ts'

/** Decides how many processes a function should have, as Knative's pod autoscaler does. Pure: the caller has the clock. */
export type Scaler = {
  /** Requests in flight, on average, in the `spanMs` that end at `nowMs`. Called once a tick. */
  observe(average: number, spanMs: number, nowMs: number): void
  /** How many processes there should be; `ready` is how many answer now. */
  desired(ready: number, nowMs: number): number
  /** Forgets what it saw: a function that slept begins anew. */
  reset(): void
}

type Bucket = { endMs: number; spanMs: number; area: number }

/** Knative never lets more than half of the processes go at once. */
const scaleDownRateMax = 2

/**
 * Two windows look at the same load. The stable one (60 s) decides in calm times. The panic one (a tenth of
 * it) takes over where it asks for `panicThreshold` times what is there, and until a stable window has passed
 * without another such moment nothing is taken away: a burst must not be followed by a stop and a cold start.
 */
export function createScaler(settings: Autoscaling): Scaler {
  const { windowMs, panicWindowMs, panicThreshold, scaleDownDelayMs } = settings
  let buckets: Bucket[] = []
  let decisions: { atMs: number; count: number }[] = []
  let panicMs = -Infinity
  let panicCount = 0

  const average = (nowMs: number, overMs: number) => {
    let area = 0
    let span = 0
    for (const bucket of buckets) {
      if (bucket.endMs <= nowMs - overMs) continue
      area += bucket.area
      span += bucket.spanMs
    }
    return span === 0 ? 0 : area / span
  }

  const needed = (nowMs: number, overMs: number, ready: number) =>
    Math.max(
      Math.ceil(average(nowMs, overMs) / settings.inFlightPerProcess),
      Math.floor(ready / scaleDownRateMax),
    )

  const whilePanicking = (stable: number, panic: number, ready: number, nowMs: number) => {
    if (panic / Math.max(1, ready) >= panicThreshold) panicMs = nowMs
    if (nowMs - panicMs >= windowMs) {
      panicCount = 0
      return stable
    }
    panicCount = Math.max(panicCount, stable, panic, ready)
    return panicCount
  }

  /** A delay keeps the highest count that was asked for within it. */
  const delayed = (count: number, nowMs: number) => {
    if (scaleDownDelayMs === 0) return count
    decisions = decisions.filter(({ atMs }) => atMs > nowMs - scaleDownDelayMs)
    decisions.push({ atMs: nowMs, count })
    return Math.max(...decisions.map((one) => one.count))
  }

  return {
    observe(count, spanMs, nowMs) {
      buckets = buckets.filter(({ endMs }) => endMs > nowMs - windowMs)
      buckets.push({ endMs: nowMs, spanMs, area: count * spanMs })
    },
    desired(ready, nowMs) {
      const stable = needed(nowMs, windowMs, ready)
      const panic = needed(nowMs, panicWindowMs, ready)
      const count = delayed(whilePanicking(stable, panic, ready, nowMs), nowMs)
      return Math.min(Math.max(count, settings.minScale), settings.maxScale)
    },
    reset() {
      buckets = []
      decisions = []
      panicMs = -Infinity
      panicCount = 0
    },
  }
}

/** Requests in flight over time; gives the average since it was last asked. */
export function createLoad() {
  let count = 0
  let area = 0
  let changedMs = performance.now()
  let askedMs = changedMs
  /** Since when nothing is in flight. */
  let idleSinceMs = changedMs

  const change = (by: number) => {
    const nowMs = performance.now()
    area += count * (nowMs - changedMs)
    changedMs = nowMs
    count += by
    if (by !== 0 && count === 0) idleSinceMs = nowMs
  }

  return {
    enter: () => change(1),
    leave: () => change(-1),
    count: () => count,
    idleMs: () => (count > 0 ? 0 : performance.now() - idleSinceMs),
    /** Begins to count idle time now: it has just been started. */
    restartIdle: () => void (idleSinceMs = performance.now()),
    average(): { average: number; spanMs: number } {
      change(0)
      const spanMs = Math.max(1, changedMs - askedMs)
      const average = area / spanMs
      area = 0
      askedMs = changedMs
      return { average, spanMs }
    },
  }
}
