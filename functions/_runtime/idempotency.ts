import { hash } from 'node:crypto'
import { canonicalJson } from './canonical.ts'
import { Problem } from './problem.ts'

/**
 * The key of a request that must have its effect once: draft-ietf-httpapi-idempotency-key-header, quoted as the
 * draft wants it or bare as most clients send it. Throws `idempotency-key-missing`, or `invalid-request` for
 * one that is not 1 to 255 visible characters.
 */
export function readIdempotencyKey(header: string | undefined): string {
  if (header === undefined)
    throw new Problem('idempotency-key-missing', 'Send a fresh Idempotency-Key, such as a UUID')
  const quoted = /^"(.*)"$/.exec(header.trim())
  const key = quoted?.[1] ?? header.trim()
  if (!/^[\x21-\x7e]{1,255}$/.test(key) || key.includes('"'))
    throw new Problem('invalid-request', 'The Idempotency-Key is not valid', {
      errors: [
        { pointer: '#/headers/idempotency-key', detail: 'must be 1 to 255 visible characters' },
      ],
    })
  return key
}

/** Tells whether a repeated key comes with the same request: SHA-256 of method, path and canonical body. */
export const requestHash = (method: string, path: string, body: unknown): string =>
  hash('sha256', `${method} ${path}\n${canonicalJson(body)}`, 'hex')
