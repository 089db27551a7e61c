import type { Seal } from '../_runtime/seal.ts'

/** What of a user lies sealed, bound to his id and to its column: moved elsewhere, it does not open. */
export type Sealed = {
  emailSealed: string
  /** Finds a user by his address without opening any; unique. */
  emailFingerprint: string
  phoneSealed: string | null
}

export const sealPersonal = (
  seal: Seal,
  { id, email, phone }: { id: string; email: string; phone: string | null },
): Sealed => ({
  emailSealed: seal.seal(email, contextOf(id, 'email')),
  emailFingerprint: fingerprintOf(seal, email),
  phoneSealed: sealPhone(seal, id, phone),
})

export const fingerprintOf = (seal: Seal, email: string): string =>
  seal.fingerprint(email, 'users email')

export const sealPhone = (seal: Seal, id: string, phone: string | null): string | null =>
  phone === null ? null : seal.seal(phone, contextOf(id, 'phone'))

export const openEmail = (seal: Seal, id: string, sealed: string): string =>
  seal.open(sealed, contextOf(id, 'email'))

export const openPhone = (seal: Seal, id: string, sealed: string | null): string | null =>
  sealed === null ? null : seal.open(sealed, contextOf(id, 'phone'))

/** The address that a link goes to, which need not be the user's own yet. */
export const sealLinkEmail = (seal: Seal, linkId: string, email: string): string =>
  seal.seal(email, contextOf(linkId, 'link'))

export const openLinkEmail = (seal: Seal, linkId: string, sealed: string): string =>
  seal.open(sealed, contextOf(linkId, 'link'))

/** The row of a data set that a user came from, as it was: it holds his address and number. */
export const sealImported = (seal: Seal, id: string, row: Record<string, string>): string =>
  seal.seal(JSON.stringify(row), contextOf(id, 'imported'))

export const openImported = (
  seal: Seal,
  id: string,
  sealed: string | null,
): Record<string, string> | null =>
  sealed === null
    ? null
    : (JSON.parse(seal.open(sealed, contextOf(id, 'imported'))) as Record<string, string>)

const contextOf = (id: string, column: string) => `users ${id} ${column}`
