import type { Statement } from './database.ts'

/**
 * Arrays in the binary format of Postgres's wire, for parameters that a statement casts to one of these types. In
 * the text that `pg` makes of an array, Postgres looks at each character of a kept answer or an event to see whether
 * the element ends there: up to a tenth of what a merged statement cost.
 */
export function withBinaryArrays(of: Statement, values: readonly unknown[]): unknown[] {
  const types = typesOf(of)
  return values.map((value, i) => {
    const type = types[i]
    return type && Array.isArray(value) ? (binaryOf(type, value) ?? value) : value
  })
}

type Type = {
  /** In `pg_type`, the same in every Postgres. */
  oid: number
  bytes: (value: string) => number
  /** False for what is none of the type: Postgres is to say so, in its own words. */
  write: (to: Buffer, at: number, value: string) => boolean
}

const types: Record<string, Type> = {
  uuid: {
    oid: 2950,
    bytes: () => 16,
    write: (to, at, value) =>
      isDashed(value) && to.write(value.replaceAll('-', ''), at, 16, 'hex') === 16,
  },
  text: {
    oid: 25,
    bytes: (value) => Buffer.byteLength(value),
    write: (to, at, value) => to.write(value, at) >= 0,
  },
  jsonb: {
    oid: 3802,
    bytes: (value) => 1 + Buffer.byteLength(value),
    // The one version there is of the format, and the JSON as text.
    write: (to, at, value) => to.write(value, to.writeUInt8(1, at)) >= 0,
  },
}

const isDashed = (value: string): boolean =>
  value.length === 36 && [8, 13, 18, 23].every((at) => value[at] === '-')

const known = new WeakMap<Statement, (Type | undefined)[]>()

/** A parameter is of the type that it is first cast to. */
function typesOf(of: Statement): (Type | undefined)[] {
  const before = known.get(of)
  if (before) return before
  const found: (Type | undefined)[] = []
  for (const [, number, name = ''] of of.text.matchAll(/\$(\d+)::(\w+)\[\]/g)) {
    const at = Number(number) - 1
    if (!(at in found)) found[at] = types[name]
  }
  known.set(of, found)
  return found
}

const headBytes = 20

/** Dimensions, whether there are nulls, the type; of the one dimension its length and first index; the elements. */
function binaryOf({ oid, bytes, write }: Type, array: readonly unknown[]): Buffer | undefined {
  if (array.length === 0) return head(Buffer.allocUnsafe(12), 0, 0, oid)
  if (!array.every(isPlain)) return undefined
  const values = array.map((value) => (value === null ? null : String(value)))
  const sizes = values.map((value) => (value === null ? 0 : bytes(value)))
  const size = sizes.reduce((sum, one) => sum + 4 + one, headBytes)
  const to = head(Buffer.allocUnsafe(size), 1, values.includes(null) ? 1 : 0, oid)
  to.writeInt32BE(values.length, 12)
  let at = to.writeInt32BE(1, 16)
  for (const [i, value] of values.entries()) {
    const own = sizes[i] as number
    at = to.writeInt32BE(value === null ? -1 : own, at)
    if (value !== null && !write(to, at, value)) return undefined
    at += own
  }
  return to
}

/** A date, an object or another array is written as `pg` writes it. */
const isPlain = (value: unknown): value is string | number | null =>
  value === null || typeof value === 'string' || typeof value === 'number'

function head(to: Buffer, dimensions: number, hasNulls: number, oid: number): Buffer {
  to.writeInt32BE(dimensions, 0)
  to.writeInt32BE(hasNulls, 4)
  to.writeInt32BE(oid, 8)
  return to
}
