import type { Money } from '../../contracts/primitives.ts'

/**
 * Text from outside as one line that is safe in a header and harmless to read: no control characters, no line
 * separators, no characters that turn the direction of what follows, no halves of surrogate pairs.
 */
export function oneLine(text: string, charactersMax = 150): string {
  const line = text.toWellFormed().replaceAll(unsafe, ' ').replaceAll(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  if (characters.length <= charactersMax) return line
  return `${characters.slice(0, charactersMax - 1).join('')}…`
}

const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

let moment: Intl.DateTimeFormat | undefined

/** `Monday, 1 March 2027 at 18:30 UTC`. */
export function momentOf(time: string): string {
  // Not before the first mail: the calendar takes 12 ms and 8 MiB to load, and no read needs it.
  moment ??= new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'full',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return `${moment.format(new Date(time))} UTC`
}

/** `INR 1,050.00`: with as many digits as the currency has, and a code that nobody mistakes. */
export function amountOf({ amountMinor, currency }: Money): string {
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
  })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amountMinor / 10 ** digits).replaceAll('\u00A0', ' ')
}
