import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from './canonical.ts'

/** What a signature covers: who says what about which thing, and the data by its meaning. */
export type Signed = {
  id: string
  source: string
  type: string
  subject?: string | undefined
  data: unknown
}

/** The extension `sig`: HMAC-SHA256 over id, source, type, subject and the hash of the canonical data. */
export function signEvent(key: string, event: Signed): string {
  const data = hash('sha256', canonicalJson(event.data), 'hex')
  const said = [event.id, event.source, event.type, event.subject ?? '', data]
  return createHmac('sha256', key).update(JSON.stringify(said)).digest('base64url')
}

export function isSigned(key: string, event: Signed, given: unknown): boolean {
  if (typeof given !== 'string') return false
  const wanted = Buffer.from(signEvent(key, event))
  const got = Buffer.from(given)
  return wanted.length === got.length && timingSafeEqual(wanted, got)
}
