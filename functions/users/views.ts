import type { User } from '../../contracts/users.ts'
import type { ContactSeal } from '../_runtime/contact.ts'
import type { Seal } from '../_runtime/seal.ts'
import type { EventData } from '../../contracts/events.ts'
import type { ManagedUser } from '../../contracts/user-admin.ts'
import { openEmail, openPhone } from './personal.ts'
import type { ManagedRow } from './store/administration.ts'
import type { UserRow } from './store/users.ts'

/** A user as the contract shows him. */
export const presentUser = (seal: Seal, row: UserRow): User => ({
  id: row.id,
  email: openEmail(seal, row.id, row.email_sealed),
  emailVerified: row.email_verified_at !== null,
  name: row.name,
  phone: openPhone(seal, row.id, row.phone_sealed),
  roles: row.roles,
  createdAt: row.created_at.toISOString(),
  version: row.version,
})

/** A user as admins see him. */
export const presentManaged = (seal: Seal, row: ManagedRow): ManagedUser => ({
  ...presentUser(seal, row),
  ban: row.banned_at && {
    at: row.banned_at.toISOString(),
    by: row.banned_by as string,
    reason: row.ban_reason as string,
  },
})

/** A user as other functions are told of him: what says who he is, is sealed. */
export const snapshotOf = (
  contacts: ContactSeal,
  { id: userId, email, name, roles, version }: Omit<User, 'createdAt'>,
): EventData<'dev.boxoffice.user.updated.v2'> => ({
  userId,
  contactSealed: contacts.seal(userId, { name, email }),
  roles,
  version,
})

/** The version as an ETag (RFC 9110, 8.8.3). */
export const etagOf = ({ version }: { version: number }): string => `"${version}"`

/** Says of a version whether `If-Match` takes it; without the header every version is taken. */
export const matching = (ifMatch: string | undefined) => (version: number) =>
  ifMatch === undefined ||
  ifMatch.split(',').some((one) => ['*', etagOf({ version })].includes(one.trim()))
