import type { User } from '../../contracts/users.ts'
import type { Seal } from '../_runtime/seal.ts'
import { openEmail, openPhone } from './personal.ts'
import type { UserRow } from './store/users.ts'

/** A user as the contract shows him. */
export const presentUser = (seal: Seal, row: UserRow): User => ({
  id: row.id,
  email: openEmail(seal, row.id, row.email_sealed),
  name: row.name,
  phone: openPhone(seal, row.id, row.phone_sealed),
  roles: row.roles,
  createdAt: row.created_at.toISOString(),
  version: row.version,
})

/** The version as an ETag (RFC 9110, 8.8.3). */
export const etagOf = ({ version }: { version: number }): string => `"${version}"`

/** Says of a version whether `If-Match` takes it; without the header every version is taken. */
export const matching = (ifMatch: string | undefined) => (version: number) =>
  ifMatch === undefined ||
  ifMatch.split(',').some((one) => ['*', etagOf({ version })].includes(one.trim()))
