import type { EventData } from '../../contracts/events.ts'
import { Email } from '../../contracts/users.ts'
import type { Contact } from '../_runtime/contact.ts'
import type { Database } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import type { Deps } from './deps.ts'
import { eraseContact, keepContact } from './store/contacts.ts'
import { oneLine } from './words.ts'

type SealedUser = EventData<'dev.boxoffice.user.updated.v2'>

/** A user whom notifications may have to write to. */
export type Reached = Contact & { userId: string; version: number }

/** Keeps what comes sealed, under this function's own key. Throws where it was sealed with another `CONTACT_KEY`. */
export async function followSealedUser(
  deps: Deps,
  { userId, contactSealed, version }: SealedUser,
): Promise<void> {
  // Erased meanwhile: `user.erased` says the rest.
  if (contactSealed === null) return
  await followUser(deps, { userId, version, ...deps.contacts.open(userId, contactSealed) })
}

/** Keeps how a user is reached, unless something newer is known; messages that waited for it go out. */
export async function followUser(deps: Deps, user: Reached): Promise<void> {
  const isNews = await keepUser(deps, user)
  // Also where it is not: a process may have died between the two.
  const isAwaited = await deps.releaseMessages(user.userId)
  if (isNews || isAwaited) deps.sending.wake()
}

/** Keeps how a user is reached, and tells nobody; true where this is news. */
export async function keepUser(
  { database, seal }: { database: Database; seal: Seal },
  { userId, name, email, version }: Reached,
): Promise<boolean> {
  const sealed = seal.seal(JSON.stringify({ name, email }), contextOf(userId))
  return keepContact(database, { userId, sealed, version })
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
  const { name, email } = JSON.parse(seal.open(sealed, contextOf(userId))) as Contact
  const address = Email.safeParse(email)
  return address.success ? { name: oneLine(name, 120), address: address.data } : undefined
}

const contextOf = (userId: string) => `contact ${userId}`
