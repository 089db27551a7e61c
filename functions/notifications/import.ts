import type { Database } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import { followUser, type Reached } from './contacts.ts'

const atOnce = 8

/** Keeps how imported users are reached, as the reaction to `user.registered` does; sends nothing. */
export async function importContacts(
  database: Database,
  seal: Seal,
  users: Reached[],
): Promise<void> {
  // Nothing waits for an imported user: there is no sending to be woken.
  const deps = { database, seal, sending: { wake() {} } }
  for (let start = 0; start < users.length; start += atOnce)
    await Promise.all(users.slice(start, start + atOnce).map((user) => followUser(deps, user)))
}
