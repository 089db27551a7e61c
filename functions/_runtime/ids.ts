import { createHash, randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 64)
let used = pool.length

/** A UUIDv7 (RFC 9562): Unix milliseconds, then randomness, so that ids made later sort later. */
export function newId(): string {
  const bytes = random16()
  bytes.writeUIntBE(Date.now(), 0, 6)
  return format(bytes, 0x70)
}

/** A W3C traceparent of a trace that begins here, and is not recorded. */
export function newTraceparent(): string {
  return `00-${random16().toString('hex')}-${random16().toString('hex', 0, 8)}-00`
}

/** Asking the system for a few bytes costs as much as for a thousand. */
function random16(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.subarray(used, (used += 16))
}

/** A UUIDv5 (RFC 9562): the same name in the same namespace gives the same id, today and elsewhere. */
export function derivedId(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  return format(hash, 0x50)
}

function format(bytes: Buffer, version: number): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | version
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
