import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * What a ticket's QR code says: `BX1.<ticket id>.<signature>`, both base64url. It is computed whenever it is
 * shown; of what is stored, only the outbox's news of the tickets has it, for the mail that brings it.
 */
export function codeOf(key: string, ticketId: string): string {
  const id = Buffer.from(ticketId.replaceAll('-', ''), 'hex')
  const signature = createHmac('sha256', key).update(id).digest().subarray(0, signatureBytes)
  return `${form}.${id.toString('base64url')}.${signature.toString('base64url')}`
}

/** The ticket that a code belongs to; undefined where it was not made with this key. Compared in constant time. */
export function ticketOfCode(key: string, code: string): string | undefined {
  const [, packed = ''] = codeForm.exec(code) ?? []
  if (!packed) return undefined
  const ticketId = uuidOf(Buffer.from(packed, 'base64url').toString('hex'))
  // Whole codes are compared: base64url has several spellings of the same bytes, and only one is ours.
  const isOurs = timingSafeEqual(Buffer.from(code), Buffer.from(codeOf(key, ticketId)))
  return isOurs ? ticketId : undefined
}

const form = 'BX1'
const signatureBytes = 16
const codeForm = /^BX1\.([\w-]{22})\.[\w-]{22}$/

const uuidOf = (hex: string): string =>
  hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
