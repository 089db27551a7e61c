import type { Role } from '../../contracts/route.ts'
import type { ManagedUser } from '../../contracts/user-admin.ts'
import { Email } from '../../contracts/users.ts'
import { Id } from '../../contracts/primitives.ts'
import { recordAct } from '../_runtime/audit.ts'
import type { OutboxRow } from '../_runtime/broker.ts'
import type { Sql } from '../_runtime/database.ts'
import { keepOneAdmin } from './admins.ts'
import type { Deps } from './deps.ts'
import { fingerprintOf } from './personal.ts'
import { noUser, staleVersion } from './profile.ts'
import {
  clearBan,
  lockAdmins,
  lockPerson,
  searchPeople,
  writeBan,
  writeRoles,
  type ManagedRow,
} from './store/administration.ts'
import { banAtEdge, liftAtEdge } from './store/edge-bans.ts'
import { endSessions } from './store/sessions.ts'
import { presentManaged, presentUser, snapshotOf } from './views.ts'

/**
 * What admins do to users. Two of them may act at once, and the last admin must not go: whoever takes an admin
 * away (a role, a ban, an erasure) takes one lock first, then the user's row, and then counts the others. So
 * of two admins who shut out each other, the second is refused.
 *
 * Each act is written to the audit log in its own transaction. An act that changes nothing is none.
 */
export type Acting = { actorId: string; id: string }

type Done = { row: ManagedRow; ended?: string[]; told?: OutboxRow[] }

/** Throws `version-stale` where `isWanted` does not take the version, and `last-admin`. */
export const setRoles = (
  deps: Deps,
  { actorId, id }: Acting,
  roles: Role[],
  isWanted: (version: number) => boolean,
): Promise<ManagedUser> =>
  changePerson(deps, id, async (tx, person) => {
    if (!isWanted(person.version)) throw staleVersion(person.version)
    const lost = person.roles.filter((role) => !roles.includes(role))
    if (lost.length === 0 && roles.length === person.roles.length) return { row: person }
    if (lost.includes('admin'))
      await keepOneAdmin(tx, { ...person, isBanned: person.banned_at !== null })
    const row = await writeRoles(tx, id, roles)
    // A token carries the roles that it was made with: who loses one logs in again.
    const ended = lost.length > 0 ? await endAll(deps, tx, id) : []
    const before = { roles: person.roles }
    await recordAct(tx, actorId, { act: 'user.roles', subject: id, before, after: { roles } })
    const snapshot = snapshotOf(deps.contacts, presentUser(deps.seal, row))
    const told = [deps.outbox.row('dev.boxoffice.user.updated.v2', id, snapshot)]
    await deps.outbox.write(tx, told)
    return { row, ended, told }
  })

/** Shuts a user out: no log-in, no refresh, and the edge refuses his tokens. Throws `last-admin`. */
export const banUser = (
  deps: Deps,
  { actorId, id }: Acting,
  reason: string,
): Promise<ManagedUser> =>
  changePerson(deps, id, async (tx, person) => {
    if (person.banned_at) return { row: person }
    await keepOneAdmin(tx, { ...person, isBanned: false })
    const row = await writeBan(tx, id, actorId, reason)
    const ended = await endAll(deps, tx, id)
    await banAtEdge(tx, id)
    const change = { before: { banned: false }, after: { banned: true } }
    await recordAct(tx, actorId, { act: 'user.ban', subject: id, ...change, reason })
    const { version } = row
    const told = [deps.outbox.row('dev.boxoffice.user.banned.v1', id, { userId: id, version })]
    await deps.outbox.write(tx, told)
    return { row, ended: [id, ...ended], told }
  })

/** Lets him log in again. What ended stays ended. */
export const unbanUser = (
  deps: Deps,
  { actorId, id }: Acting,
  reason: string,
): Promise<ManagedUser> =>
  changePerson(deps, id, async (tx, person) => {
    if (!person.banned_at) return { row: person }
    const row = await clearBan(tx, id)
    await liftAtEdge(tx, id)
    const change = { before: { banned: true }, after: { banned: false } }
    await recordAct(tx, actorId, { act: 'user.unban', subject: id, ...change, reason })
    return { row, ended: [id] }
  })

/** Users by name, address or id. An address is found by its fingerprint: it must be whole. */
export async function searchUsers(
  { database, seal }: Deps,
  search: string | undefined,
  page: { page: number; size: number },
): Promise<{ items: ManagedUser[]; total: number }> {
  const { rows, total } = await searchPeople(database, wantedOf(search), page)
  return { items: rows.map((row) => presentManaged(seal, row)), total }

  function wantedOf(text: string | undefined) {
    if (text === undefined) return {}
    if (text.includes('@'))
      return { fingerprint: fingerprintOf(seal, Email.safeParse(text).data ?? text) }
    return Id.safeParse(text).success ? { id: text } : { words: text }
  }
}

const endAll = ({ sessionBanSeconds: banSeconds }: Deps, tx: Sql, userId: string) =>
  endSessions(tx, { userId, banSeconds })

async function changePerson(
  deps: Deps,
  id: string,
  work: (tx: Sql, person: ManagedRow) => Promise<Done>,
): Promise<ManagedUser> {
  const { row, ended, told } = await deps.database.transaction(async (tx) => {
    await lockAdmins(tx)
    const person = await lockPerson(tx, id)
    if (!person) throw noUser(id)
    return work(tx, person)
  })
  deps.outbox.send(told ?? [])
  await deps.edgeBans.tell(ended ?? [])
  return presentManaged(deps.seal, row)
}
