import type { EventData } from '../../contracts/events.ts'
import { Email } from '../../contracts/users.ts'
import type { Database } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import type { Deps } from './deps.ts'
import { eraseContact, keepContact } from './store/contacts.ts'
import { oneLine } from './words.ts'

type User = EventData<'dev.boxoffice.user.updated.v1'>

/** Keeps how a user is reached, unless something newer is known; messages that waited for it go out. */
export async function followUser(
  deps: { database: Database; seal: Seal; sending: { wake(): void } },
  { userId, name, email, version }: User,
): Promise<void> {
  const sealed = deps.seal.seal(JSON.stringify({ name, email }), contextOf(userId))
  if (await keepContact(deps.database, { userId, sealed, version })) deps.sending.wake()
}

/** Forgets a person: name, address, and to whom messages went. What still waits is not sent any more. */
export const forgetUser = ({ database }: Deps, user: { userId: string; version: number }) =>
  eraseContact(database, user)

/** Name and address, safe to be put into headers; undefined where the address is none. */
export function openContact(
  seal: Seal,
  userId: string,
  sealed: string,
): { name: string; address: string } | undefined {
  const { name, email } = JSON.parse(seal.open(sealed, contextOf(userId))) as User
  const address = Email.safeParse(email)
  return address.success ? { name: oneLine(name, 120), address: address.data } : undefined
}

const contextOf = (userId: string) => `contact ${userId}`
