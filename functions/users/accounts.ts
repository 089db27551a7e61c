import type { Role } from '../../contracts/route.ts'
import type { User } from '../../contracts/users.ts'
import type { OutboxRow } from '../_runtime/broker.ts'
import type { Sql } from '../_runtime/database.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { newLink } from './links.ts'
import { sealPersonal } from './personal.ts'
import { insertUser } from './store/users.ts'
import { snapshotOf } from './views.ts'

export type Registration = {
  email: string
  password: string
  name: string
  phone?: string | null | undefined
}

/** Opens an account, and has a link mailed that proves its address. Throws `email-taken`; of two at once with one address, one gets it. */
export async function register(deps: Deps, registration: Registration): Promise<User> {
  const account = await prepareAccount(deps, registration, ['customer'])
  const { id: userId, email } = account.shown
  const { link, told } = newLink(deps, { userId, email, purpose: 'verify-email' })
  account.user.link = link
  account.told.push(told)
  const user = await insertAccount(deps.database, account)
  deps.outbox.send(account.told)
  return user
}

export type Account = {
  user: Parameters<typeof insertUser>[1]
  shown: Omit<User, 'createdAt'>
  told: OutboxRow[]
}

/** All that a new account needs, with its password hashed, before any row is locked for it. */
export async function prepareAccount(
  { passwords, outbox, seal, contacts }: Deps,
  { email, password, name, phone = null }: Registration,
  roles: Role[],
): Promise<Account> {
  const passwordHash = await passwords.hash(password)
  const id = newId()
  const shown = { id, email, emailVerified: false, name, phone, roles, version: 1 }
  const told = snapshotOf(contacts, shown)
  return {
    user: { id, name, roles, passwordHash, ...sealPersonal(seal, { id, email, phone }) },
    shown,
    told: [outbox.row('dev.boxoffice.user.registered.v2', id, told)],
  }
}

/** Send `told` once this is committed. */
export async function insertAccount(sql: Sql, { user, shown, told }: Account): Promise<User> {
  const createdAt = await insertUser(sql, user, told)
  if (!createdAt)
    throw new Problem('email-taken', 'Log in, or register with another e-mail address')
  return { ...shown, createdAt: createdAt.toISOString() }
}
