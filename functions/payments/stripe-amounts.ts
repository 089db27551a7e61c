import type { Money } from '../../contracts/primitives.ts'

/*
 * Stripe counts most currencies in the minor units of ISO 4217, as we do, none, two or three decimals alike
 * (docs.stripe.com/currencies). These are those where it does not, or takes less than all amounts.
 */

/** No decimals for us; Stripe wants two, which must be 00. */
const hundredfold = new Set(['ISK', 'UGX'])
/** Three decimals, of which the last must be 0. */
const tens = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND'])
/** ISO 4217, Stripe and what people are shown do not agree on their decimals. */
const unclear = new Set(['HUF', 'IQD', 'LYD', 'MGA', 'MRU'])

/** What Stripe is asked for; undefined where it cannot take exactly this amount. It is never rounded. */
export function toStripe({ amountMinor, currency }: Money) {
  if (unclear.has(currency) || (tens.has(currency) && amountMinor % 10 !== 0)) return undefined
  const amount = hundredfold.has(currency) ? amountMinor * 100 : amountMinor
  return { amount, currency: currency.toLowerCase() }
}

/** What Stripe says of an amount, as money of ours. */
export function fromStripe({ amount, currency }: { amount: number; currency: string }): Money {
  const code = currency.toUpperCase()
  return { amountMinor: hundredfold.has(code) ? amount / 100 : amount, currency: code }
}
