import { Email, Phone } from '../contracts/users.ts'
import type { Row } from './form.ts'

/** Reads the cells of one row, and gathers why one cannot be read (`reasons`) or was not taken as it is (`flags`). */
export type Fields = ReturnType<typeof fieldsOf>

const integerMax = 2 ** 31 - 1
const amountMinorMax = 1_000_000_000_000
const epoch = '1970-01-01T00:00:00.000Z'

export function fieldsOf(row: Row) {
  const reasons: string[] = []
  const flags: string[] = []
  const refuse = (reason: string) => void reasons.push(reason)
  const cell = (column: string) => row[column] ?? ''

  return {
    reasons,
    flags,
    /** The number of a row: at least 1, and small enough to be exact. */
    number(column: string): number {
      const number = /^\d{1,15}$/.test(cell(column)) ? Number(cell(column)) : 0
      if (number === 0) refuse(`bad-number:${column}`)
      return number
    },
    count(column: string): number {
      const count = /^\d{1,10}$/.test(cell(column)) ? Number(cell(column)) : Infinity
      if (count > integerMax) refuse(`bad-number:${column}`)
      return count
    },
    /** Minor units, rounded half up; flagged where that changes the amount. */
    amount(column: string): number {
      const amount = minorOf(cell(column))
      if (!amount || amount.minor > amountMinorMax) refuse(`bad-amount:${column}`)
      else if (amount.isRounded) flags.push('amount-rounded')
      return amount?.minor ?? 0
    },
    /** RFC 3339 in UTC, of `2025-06-07 20:35:51`. */
    time(column: string): string {
      const time = timeOf(cell(column))
      if (!time) refuse(`bad-date:${column}`)
      return time ?? epoch
    },
    /** One line of text without control characters; U+FFFD stands for bytes that are no UTF-8. */
    text(column: string, charactersMax: number): string {
      const text = cell(column).trim()
      if (text === '' || text.length > charactersMax || /[\p{Cc}\p{Cs}\uFFFD]/u.test(text))
        refuse(`bad-text:${column}`)
      return text
    },
    word<Word extends string>(column: string, known: readonly [Word, ...Word[]]): Word {
      const word = known.find((one) => one === cell(column))
      if (!word) refuse(`bad-word:${column}`)
      return word ?? known[0]
    },
    email(column: string): string {
      const email = Email.safeParse(cell(column))
      if (!email.success) refuse(`bad-email:${column}`)
      return email.data ?? ''
    },
    /** Null where there is none; flagged where there is something else. */
    phone(column: string): string | null {
      const phone = cell(column).trim()
      if (phone === '') return null
      if (Phone.safeParse(phone).success) return phone
      flags.push('phone-unreadable')
      return null
    },
  }
}

/** Undefined for what is no decimal number, or a negative one. */
export function minorOf(text: string): { minor: number; isRounded: boolean } | undefined {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,40}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = fraction.padEnd(3, '0')
  const half = Number(digits[2]) >= 5 ? 1 : 0
  const minor = Number(whole) * 100 + Number(digits.slice(0, 2)) + half
  return { minor, isRounded: /[1-9]/.test(fraction.slice(2)) }
}

/** Two decimals, as rows that are rendered have them. */
export const decimalOf = (minor: number): string => (minor / 100).toFixed(2)

/** Undefined for what is no such day or time. Years that nobody sells tickets for are no dates here. */
function timeOf(text: string): string | undefined {
  if (!/^(19|2\d)\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined
  const time = new Date(`${text.replace(' ', 'T')}Z`)
  return !Number.isNaN(time.getTime()) && textOf(time) === text ? time.toISOString() : undefined
}

/** A moment as the form writes it, in UTC. */
export const textOf = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ')
