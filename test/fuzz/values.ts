import fc from 'fast-check'
import { resolve, type JsonSchema } from './operations.ts'

/**
 * Something that exists by the time the request is sent, such as `‹order:3›`: what is drawn stays the same for
 * the same seed, although the ids of a run are its own.
 */
export const known = (kind: string): fc.Arbitrary<string> =>
  fc.nat(40).map((index) => `‹${kind}:${index}›`)

/** What fields of this name hold; others are drawn by their schema alone. */
const kinds: Record<string, string> = {
  eventId: 'event',
  venueId: 'venue',
  orderId: 'order',
  seatIds: 'seat',
  holdId: 'hold',
  actorId: 'user',
  subject: 'user',
  email: 'email',
  password: 'password',
  currentPassword: 'password',
  seats: 'label',
  token: 'means',
  section: 'section',
  priceZone: 'zone',
}

/** A value that the schema allows. Beside what is drawn from it come ids and names that mean something here. */
export function valueOf(given: JsonSchema, name = ''): fc.Arbitrary<unknown> {
  const schema = resolve(given)
  const kind = kinds[name]
  if (kind && schema.type === 'string')
    return fc.oneof({ weight: 4, arbitrary: known(kind) }, { weight: 1, arbitrary: text(schema) })
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  // Beside a type it only says which fields go together, as `waysOf` knows.
  const some = schema.anyOf ?? (schema.type ? undefined : schema.oneOf)
  if (some) return fc.oneof(...some.map((one: JsonSchema) => valueOf(one, name)))
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
    case 'number':
      return number(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return list(schema, name)
    case 'object':
      return object(schema)
    default:
      return fc.json().map((json) => JSON.parse(json) as unknown)
  }
}

function text({ format, pattern, minLength = 0, maxLength = 60 }: JsonSchema) {
  if (format === 'uuid') return fc.uuid()
  if (format === 'date-time')
    return fc
      .date({ min: new Date('2026-11-01'), max: new Date('2027-12-31'), noInvalidDate: true })
      .chain((date) =>
        fc
          .constantFrom('Z', 'Z', '+05:45', '-12:00', '+14:00', '+19:30', '-23:59')
          .map((offset) => date.toISOString().replace('Z', offset)),
      )
  const any = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) })
  if (pattern === undefined) return any
  const allowed = new RegExp(pattern, 'u')
  // Nearly everything fits; `fc.stringMatching` would draw little but what is rare.
  if (pattern.startsWith('^[^')) return any.filter((one) => allowed.test(one))
  const plain = pattern.replaceAll('\\p{L}', 'a-zß-ü').replaceAll('\\p{N}', '0-9')
  return fc.stringMatching(new RegExp(plain, 'u'), { size: 'small' })
}

function number({ minimum = -1000, maximum = 1000, exclusiveMinimum }: JsonSchema) {
  const min = exclusiveMinimum ?? minimum
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min, max: Math.min(min + 20, maximum) }) },
    { weight: 1, arbitrary: fc.constantFrom(min, maximum) },
  )
}

function list(schema: JsonSchema, name: string): fc.Arbitrary<unknown[]> {
  const { items, prefixItems, minItems = 0, maxItems = 4 } = schema
  if (prefixItems) return fc.tuple(...prefixItems.map((one: JsonSchema) => valueOf(one)))
  const [minLength, maxLength] = [minItems, Math.max(minItems, Math.min(maxItems, 3))]
  return fc.uniqueArray(valueOf(items ?? {}, name), { minLength, maxLength })
}

function object(schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [], additionalProperties } = schema
  const fields = Object.fromEntries(
    Object.entries<JsonSchema>(properties).map(([name, one]) => [name, valueOf(one, name)]),
  )
  const own = fc.oneof(
    ...waysOf(fields).map((some) =>
      fc.record(some, { requiredKeys: required.filter((name: string) => name in some) }),
    ),
  )
  if (typeof additionalProperties !== 'object') return own
  const name = schema.propertyNames ? known('zone') : fc.string({ maxLength: 8 })
  return fc.dictionary(name, valueOf(additionalProperties), { minKeys: 1, maxKeys: 2 })
}

/** Seats are chosen in one way of several, and in that way they are always chosen. */
const ways = ['seatIds', 'seats', 'quantity', 'holdId']

function waysOf(fields: Record<string, fc.Arbitrary<unknown>>) {
  if (!fields.seatIds || !fields.quantity) return [fields]
  const { section: _, ...others } = fields
  return ways
    .filter((way) => way in fields)
    .map((way) =>
      Object.fromEntries(
        Object.entries(others).filter(([name]) => name === way || !ways.includes(name)),
      ),
    )
}
