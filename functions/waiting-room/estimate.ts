import type { Progress } from './queue.ts'

const measuredMs = 60_000
/** Before that a pace is noise. */
const firstMs = 10_000

/**
 * Seconds until the turn of somebody with so many `before` him, at the pace of the last minute: so it knows of
 * people who do not come, of a full shop and of a changed rate as soon as they show. Null where nothing moves.
 */
export function estimateSeconds(before: number, progress: Progress): number | null {
  const { openForMs, calledLastMinute } = progress
  if (!progress.isOpen || openForMs < firstMs || calledLastMinute === 0) return null
  const perMs = calledLastMinute / Math.min(openForMs, measuredMs)
  return Math.ceil((before + 1) / perMs / 1000)
}

/** When to ask again: soon where it will soon be his turn, so that 100,000 who wait cost little. */
export function pollAfterSeconds(estimated: number | null, untilOpenMs: number): number {
  if (untilOpenMs > 0) return clamp(untilOpenMs / 10_000, 2, 60)
  return estimated === null ? 10 : clamp(estimated / 20, 2, 60)
}

/**
 * The same for a stream, in ms: a position is told anew once a twentieth of the wait is over, and where nobody
 * knows how long that is, as seldom as can be: whose turn comes is told at once anyway.
 */
export function tellAfterMs(estimated: number | null): number {
  return estimated === null ? tellMsMax : clamp((estimated * 1000) / 20, 1000, tellMsMax)
}

/** Below the time after which proxies end an idle connection. */
export const tellMsMax = 45_000

const clamp = (value: number, least: number, most: number) =>
  Math.round(Math.min(most, Math.max(least, value)))
