import type { FreeSeat } from './store/seats.ts'

/**
 * The best `quantity` of the free seats, which come best first: side by side in one row where there are that
 * many, else as close together as the order of the layout has them. Undefined where there are not enough.
 */
export function bestSeats(free: FreeSeat[], quantity: number): FreeSeat[] | undefined {
  if (free.length < quantity) return undefined
  const run = runsOf(free).find(({ length }) => length >= quantity)
  return (run ?? free).slice(0, quantity)
}

/** Free seats that stand side by side: same section, same row, numbers without a gap; standing room is one run. */
function runsOf(free: FreeSeat[]): FreeSeat[][] {
  const runs: FreeSeat[][] = []
  let before: FreeSeat | undefined
  for (const seat of free) {
    if (before && isBeside(before, seat)) runs.at(-1)?.push(seat)
    else runs.push([seat])
    before = seat
  }
  return runs
}

const isBeside = (left: FreeSeat, right: FreeSeat): boolean =>
  left.section === right.section &&
  left.row === right.row &&
  (left.row === null || (left.number !== null && right.number === left.number + 1))
