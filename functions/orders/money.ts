const taxPercent = 5

/** Tax is 5 % of the sum of the lines, rounded half up once per order. All in minor units. */
export const taxOf = (subtotalMinor: number): number =>
  Math.floor((subtotalMinor * taxPercent + 50) / 100)

/** What the lines cost together, tax included. */
export function priceOf(linesMinor: readonly number[]) {
  const subtotalMinor = linesMinor.reduce((sum, price) => sum + price, 0)
  const taxMinor = taxOf(subtotalMinor)
  return { subtotalMinor, taxMinor, totalMinor: subtotalMinor + taxMinor }
}

/**
 * What goes back for the lines that are given back: all that was paid and is not yet back, less the price of
 * the lines that stay. So the parts add up to the whole, however an order is taken apart.
 */
export const refundOf = (order: {
  totalMinor: number
  refundedMinor: number
  staying: readonly number[]
}) => order.totalMinor - order.refundedMinor - priceOf(order.staying).totalMinor
