import type { Items } from './judge/rows.ts'
import { isAccepted, type Verdicts } from './judge/verdicts.ts'

const weekMs = 7 * 24 * 60 * 60 * 1000

/**
 * Seconds by which the dates of all events move: whole weeks, so that weekday and time of day stay, and the
 * earliest event on sale lies a week to two ahead of `now`. What an earlier import chose stands (`known`).
 */
export function shiftOf(
  events: Verdicts<Items['events']>,
  known: ReadonlyMap<string, number>,
  now: Date | null,
): number {
  const [before] = known.values()
  if (before !== undefined || !now) return before ?? 0
  const starts = events.all
    .filter((event) => isAccepted(event) && event.item.status === 'ON_SALE')
    .map(({ item }) => Date.parse(item.startsAt))
  if (starts.length === 0) return 0
  const earliest = starts.reduce((first, start) => Math.min(first, start))
  return (Math.ceil((now.getTime() + weekMs - earliest) / weekMs) * weekMs) / 1000
}

/** A moment, so many seconds later. */
export const shifted = (time: string, seconds: number): string =>
  new Date(Date.parse(time) + seconds * 1000).toISOString()
