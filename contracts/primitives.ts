import * as z from 'zod'

/** However it is spelled: locks, keys and lists compare ids as text. */
export const Id = z
  .uuid()
  .toLowerCase()
  .meta({ description: 'UUIDv7; rows imported from a data set carry a UUIDv5' })

export const Time = z.iso
  .datetime({ offset: true })
  .refine(isInCommonYears, 'must lie in the years 1 to 9999 in UTC')
  // Postgres refuses more, and no place on earth has it.
  .refine((text) => !/[+-](?:1[6-9]|2\d):/.test(text), 'must be less than 16 hours from UTC')
  .meta({ description: 'RFC 3339; answers are always UTC with milliseconds' })

/** Postgres, JSON and people agree on these years; an offset may lead out of them. */
function isInCommonYears(text: string): boolean {
  const year = new Date(text).getUTCFullYear()
  return year >= 1 && year <= 9999
}

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')

export const AmountMinor = z
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .meta({ description: 'An integer count of minor units: paise, cents' })

export const Money = z
  .strictObject({ amountMinor: AmountMinor, currency: Currency })
  .meta({ id: 'Money' })
export type Money = z.infer<typeof Money>

/** Unicode's Cc by its numbers: many who read the JSON Schema do not know such classes. */
// oxlint-disable-next-line no-control-regex -- they are what it is about
const withoutControls = /^[^\u0000-\u001f\u007f-\u009f]*$/u

/**
 * One line of text for people: no control characters, not blank, trimmed. It is trimmed last, so that whatever is
 * taken also fits the JSON Schema that clients know.
 */
export const Line = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .regex(withoutControls, 'must not contain control characters')
    .refine((text) => text.isWellFormed(), 'must not contain half a surrogate pair')
    .trim()
    .min(1)

export const Version = z.int().min(1)

export const ById = z.strictObject({ id: Id })

/** `?page=&size=`, from 1, 20 a page, at most 100. */
export const Page = {
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  size: z.coerce.number().int().min(1).max(100).default(20),
}

/** One page of a list, with the number of all that match. */
export const paged = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), page: z.int(), size: z.int(), total: z.int() })

export type Paged<Item> = { items: Item[]; page: number; size: number; total: number }
