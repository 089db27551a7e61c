import { register as contract } from '../../contracts/users.ts'
import { insertAccount, prepareAccount } from './accounts.ts'
import type { Deps } from './deps.ts'
import { lockAdmins } from './store/administration.ts'
import { hasAdmin } from './store/users.ts'

/**
 * Opens the first admin's account where nobody is an admin; true when it did. Of two at once one does.
 * Throws where the given data break the contract of a registration, and `email-taken`.
 */
export async function ensureAdmin(
  deps: Deps,
  admin: { email: string; name: string; password: string },
): Promise<boolean> {
  const registration = contract.body.parse(admin)
  const account = await prepareAccount(deps, registration, ['admin', 'organizer', 'customer'])
  const isNew = await deps.database.transaction(async (tx) => {
    await lockAdmins(tx)
    if (await hasAdmin(tx)) return false
    await insertAccount(tx, account)
    return true
  })
  if (isNew) deps.outbox.send(account.told)
  return isNew
}
