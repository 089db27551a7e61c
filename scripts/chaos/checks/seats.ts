import type { Diary } from '../stories.ts'

/** A time in which a person surely had a seat, by what he himself was told; in milliseconds of the wall clock. */
export type Having = { seatId: string; who: string; fromMs: number; untilMs: number; by: string }

/**
 * What everybody surely had: a seat is his from the answer that said so until he first asked for its end, or
 * until the time that the answer named.
 */
export function havingsOf({ purchases, holds }: Diary): Having[] {
  const ofOrders = purchases.flatMap(({ person, sale, orderId, confirmed, givenBack }) =>
    (confirmed?.seatIds ?? []).map((seatId) => {
      const ends = givenBack
        .filter(({ seatIds }) => seatIds.length === 0 || seatIds.includes(seatId))
        .map(({ invokedMs }) => invokedMs)
      return {
        seatId,
        who: person.id,
        fromMs: confirmed?.answer.doneMs ?? 0,
        untilMs: Math.min(Infinity, sale.cancelledMs ?? Infinity, ...ends),
        by: `order ${orderId}`,
      }
    }),
  )
  const ofHolds = holds.flatMap(({ person, seatIds, answer, untilMs }) =>
    seatIds.map((seatId) => ({
      seatId,
      who: person.id,
      fromMs: answer.doneMs,
      untilMs,
      by: `hold ${answer.body.holdId}`,
    })),
  )
  return [...ofOrders, ...ofHolds].filter(({ fromMs, untilMs }) => fromMs < untilMs)
}

/**
 * Each seat is a register that one person at a time may write himself into. Whoever was answered has it at the
 * latest from the answer, and gives it up at the earliest when he asks for that; so a history can be put into one
 * order exactly where no two of these times overlap. Seats do not depend on each other and are looked at one by
 * one. Gives the pairs that cannot be.
 */
export function overlapsOf(havings: readonly Having[]): [Having, Having][] {
  const overlaps: [Having, Having][] = []
  for (const ofSeat of Map.groupBy(havings, ({ seatId }) => seatId).values()) {
    let last: Having | undefined
    for (const having of ofSeat.toSorted((a, b) => a.fromMs - b.fromMs)) {
      if (last && last.who !== having.who && having.fromMs < last.untilMs)
        overlaps.push([last, having])
      if (!last || having.untilMs > last.untilMs) last = having
    }
  }
  return overlaps
}
