import type { Database } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import { keepUser, type Reached } from './contacts.ts'

const atOnce = 8

/** Keeps how imported users are reached. Nothing waits for them: nothing is sent. */
export async function importContacts(
  database: Database,
  seal: Seal,
  users: Reached[],
): Promise<void> {
  const deps = { database, seal }
  for (let start = 0; start < users.length; start += atOnce)
    await Promise.all(users.slice(start, start + atOnce).map((user) => keepUser(deps, user)))
}
