import type { LinkPurpose } from '../../contracts/account-links.ts'
import type { Sql } from '../_runtime/database.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { idOf, tokenHash } from './link-token.ts'
import { issueLink } from './links.ts'
import { fingerprintOf, openLinkEmail, sealPersonal } from './personal.ts'
import { noUser } from './profile.ts'
import { lockPerson, type ManagedRow } from './store/administration.ts'
import {
  changeHash,
  findHash,
  isKnown,
  markVerified,
  writeEmail,
  writeHash,
} from './store/credentials.ts'
import { deleteLinks, findOwner, takeLink, type LinkRow } from './store/links.ts'
import { endSessions } from './store/sessions.ts'
import { presentUser, snapshotOf } from './views.ts'

/** Sets a new password with a link, once. Every session ends: whoever had the old one is out. Throws `link-invalid`. */
export async function resetPassword(deps: Deps, token: string, password: string): Promise<void> {
  // Looked up first, so that nobody has passwords hashed with made-up tokens.
  await ownerOf(deps, token, 'reset-password')
  const hash = await deps.passwords.hash(password)
  const ended = await withLink(deps, token, 'reset-password', async (tx, { id }, link) => {
    if (!(await markVerified(tx, id, link.email_fingerprint))) throw invalidLink()
    await writeHash(tx, id, hash)
    await deleteLinks(tx, id, 'reset-password')
    return endSessions(tx, { userId: id, banSeconds: deps.sessionBanSeconds })
  })
  await deps.edgeBans.tell(ended)
}

/** Notes that the address is his. Throws `link-invalid`, also where he has another by now. */
export const verifyEmail = (deps: Deps, token: string): Promise<void> =>
  withLink(deps, token, 'verify-email', async (tx, { id }, link) => {
    if (!(await markVerified(tx, id, link.email_fingerprint))) throw invalidLink()
  })

/** Changes the password of who knows the old one; his other sessions end. Throws `wrong-credentials`. */
export async function changePassword(
  deps: Deps,
  { userId, keptId = null }: { userId: string; keptId?: string | null | undefined },
  { currentPassword, password }: { currentPassword: string; password: string },
): Promise<void> {
  const old = await prove(deps, userId, currentPassword)
  const hash = await deps.passwords.hash(password)
  const ended = await deps.database.transaction(async (tx) => {
    if (!(await lockPerson(tx, userId))) throw noUser(userId)
    if (!(await changeHash(tx, userId, old, hash))) throw wrongPassword()
    await deleteLinks(tx, userId, 'reset-password')
    return endSessions(tx, { userId, banSeconds: deps.sessionBanSeconds, keptId })
  })
  await deps.edgeBans.tell(ended)
}

/** Mails a link to the new address. Where somebody has it already, nothing happens, and the answer is the same. */
export async function requestEmail(
  deps: Deps,
  userId: string,
  { email, password }: { email: string; password: string },
): Promise<void> {
  await prove(deps, userId, password)
  const told = await deps.database.transaction(async (tx) => {
    if (!(await lockPerson(tx, userId))) throw noUser(userId)
    if (await isKnown(tx, fingerprintOf(deps.seal, email))) return []
    return issueLink(deps, tx, { userId, email, purpose: 'change-email' })
  })
  deps.outbox.send(told)
}

/** Takes the new address. What was mailed to the old one works no longer. Throws `link-invalid`, `email-taken`. */
export async function confirmEmail(deps: Deps, token: string): Promise<void> {
  const { seal, outbox } = deps
  const told = await withLink(deps, token, 'change-email', async (tx, person, link) => {
    const { id } = person
    const email = openLinkEmail(seal, link.id, link.email_sealed)
    const sealed = sealPersonal(seal, { id, email, phone: null })
    await writeEmail(tx, id, sealed)
    await deleteLinks(tx, id)
    const now = { ...person, email_sealed: sealed.emailSealed, version: person.version + 1 }
    const snapshot = snapshotOf(deps.contacts, presentUser(seal, now))
    const row = outbox.row('dev.boxoffice.user.updated.v2', id, snapshot)
    await outbox.write(tx, [row])
    return [row]
  })
  outbox.send(told)
}

async function prove({ database, passwords }: Deps, userId: string, password: string) {
  const hash = await findHash(database, userId)
  if (hash === undefined) throw noUser(userId)
  if (!(await passwords.matches(password, hash)) || hash === null) throw wrongPassword()
  return hash
}

async function ownerOf({ database }: Deps, token: string, purpose: LinkPurpose) {
  const id = idOf(token)
  const userId = id && (await findOwner(database, id, tokenHash(token), purpose))
  if (!id || !userId) throw invalidLink()
  return { id, userId }
}

/**
 * Uses a link up and does what it is for, together or not at all. Two may come with one link at once: both
 * wait for its user's row, and the second finds the link gone.
 */
async function withLink<Result>(
  deps: Deps,
  token: string,
  purpose: LinkPurpose,
  work: (tx: Sql, person: ManagedRow, link: LinkRow) => Promise<Result>,
): Promise<Result> {
  const { id, userId } = await ownerOf(deps, token, purpose)
  return deps.database.transaction(async (tx) => {
    const person = await lockPerson(tx, userId)
    const link = person && !person.banned_at && (await takeLink(tx, id, tokenHash(token)))
    if (!link) throw invalidLink()
    return work(tx, person, link)
  })
}

const invalidLink = () => new Problem('link-invalid', 'Have another link sent')
const wrongPassword = () => new Problem('wrong-credentials', 'The password is wrong')
