import type { EntityManager } from '@mikro-orm/postgresql'
import type { User } from '../../contracts/users.ts'
import type { OutboxRow } from '../_runtime/broker.ts'
import type { Sql } from '../_runtime/database.ts'
import { outsideContext } from '../_runtime/context.ts'
import { withAdvice } from '../_runtime/postgres-errors.ts'
import { Problem } from '../_runtime/problem.ts'
import { keepOneAdmin } from './admins.ts'
import { keyBanSeconds } from './api-keys.ts'
import type { Deps } from './deps.ts'
import { sealPhone } from './personal.ts'
import { refuseWhileOpen, sweepErasures } from './erasures.ts'
import { insertErasure } from './store/erasures.ts'
import { lockAdmins } from './store/administration.ts'
import { deleteKeysOf } from './store/api-keys.ts'
import { deleteLinks } from './store/links.ts'
import { endSessions } from './store/sessions.ts'
import { findUser, forgetTold } from './store/users.ts'
import type { User as UserEntity } from './user.ts'
import { presentUser, snapshotOf } from './views.ts'

/** The signed-in user as he is now. Throws `not-found` where he was erased after his token was made. */
export async function findProfile({ database, seal }: Deps, id: string): Promise<User> {
  const row = await findUser(database, id)
  if (!row) throw noUser(id)
  return presentUser(seal, row)
}

export type ProfileChange = { name?: string | undefined; phone?: string | null | undefined }

/** Changes what is given, where `isWanted` takes the version that it finds; throws `version-stale` else. */
export async function changeProfile(
  deps: Deps,
  id: string,
  change: ProfileChange,
  isWanted: (version: number) => boolean,
): Promise<User> {
  return changeUser(deps, id, (user) => {
    if (!isWanted(user.version)) throw staleVersion(user.version)
    if (change.name !== undefined) user.name = change.name
    if (change.phone !== undefined) user.phoneSealed = sealPhone(deps.seal, id, change.phone)
    user.version += 1
    const shown = presentEntity(deps, user)
    const told = snapshotOf(deps.contacts, shown)
    return [shown, deps.outbox.row('dev.boxoffice.user.updated.v2', id, told)]
  })
}

/**
 * Takes the person out of the row and deletes what he logs in with. The row stays, so that orders and tickets
 * that are not over still name somebody. Every other function forgets him too, as soon as it can. Throws
 * `erasure-blocked`, `last-admin`.
 */
export async function eraseUser(deps: Deps, id: string): Promise<void> {
  await refuseWhileOpen(deps, id)
  const { Credential } = await import('./user.ts')
  const wasAdmin = (await findUser(deps.database, id))?.roles.includes('admin') ?? false
  const work: Work<string[]> = async (user, em, tx) => {
    // Made an admin since then: the lock of the admins must come before the user's.
    if (user.roles.includes('admin') && !wasAdmin) throw new Problem('busy', 'Try again')
    await keepOneAdmin(tx, { id, roles: user.roles, isBanned: false })
    const sessions = await endSessions(tx, { userId: id, banSeconds: deps.sessionBanSeconds })
    const keys = await deleteKeysOf(tx, id, keyBanSeconds)
    await em.nativeDelete(Credential, { userId: id })
    await deleteLinks(tx, id)
    await forgetTold(tx, id)
    await insertErasure(tx, id)
    user.erase()
    const told = { userId: id, version: user.version }
    return [[...sessions, ...keys], deps.outbox.row('dev.boxoffice.user.erased.v1', id, told)]
  }
  const ended = await changeUser(deps, id, work, wasAdmin ? lockAdmins : undefined)
  await deps.edgeBans.tell(ended)
  outsideContext(() => void sweepErasures(deps).catch(() => {}))
}

type Work<Result> = (
  user: UserEntity,
  em: EntityManager,
  tx: Sql,
) => [Result, OutboxRow] | Promise<[Result, OutboxRow]>

/** One change of a user who is locked for it, `first` before him, and what is told of it, together or not at all. */
async function changeUser<Result>(
  { database, outbox }: Deps,
  id: string,
  work: Work<Result>,
  first?: (tx: Sql) => Promise<unknown>,
): Promise<Result> {
  const { lockUser } = await import('./user.ts')
  const change = async (em: EntityManager, tx: Sql) => {
    await first?.(tx)
    const user = await lockUser(em, id)
    if (!user) throw noUser(id)
    const done = await work(user, em, tx)
    await em.flush()
    await outbox.write(tx, [done[1]])
    return done
  }
  const [result, row] = await withAdvice(() => database.emTransaction(change))
  outbox.send([row])
  return result
}

export function presentEntity({ seal }: Pick<Deps, 'seal'>, user: UserEntity): User {
  const { id, name, emailSealed, phoneSealed, roles, createdAt, version } = user
  const { emailVerifiedAt = null } = user
  return presentUser(seal, {
    id,
    name: name as string,
    roles,
    email_sealed: emailSealed as string,
    email_verified_at: emailVerifiedAt,
    phone_sealed: phoneSealed ?? null,
    created_at: createdAt,
    version,
  })
}

export const noUser = (id: string) => new Problem('not-found', `There is no user ${id}`)

export const staleVersion = (version: number) =>
  new Problem('version-stale', 'Read it again, and change what you find then', { version })
