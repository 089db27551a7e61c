import type { LinkPurpose } from '../../contracts/account-links.ts'
import { outsideContext } from '../_runtime/context.ts'
import type { OutboxRow } from '../_runtime/broker.ts'
import type { Sql } from '../_runtime/database.ts'
import { newId } from '../_runtime/ids.ts'
import { Problem } from '../_runtime/problem.ts'
import type { Deps } from './deps.ts'
import { tokenHash, tokenOf } from './link-token.ts'
import { fingerprintOf, openEmail, openLinkEmail, sealLinkEmail } from './personal.ts'
import { noUser } from './profile.ts'
import { lockPerson } from './store/administration.ts'
import {
  deleteOldLinks,
  findLink,
  insertLink,
  insertRequest,
  takeRequests,
  type NewLink,
} from './store/links.ts'

/**
 * A link proves that somebody reads the mail of an address. Its token follows from its id and KEY_SECRET: no
 * CloudEvent, dead letter or database has it. The CloudEvent names the link, and notifications asks for the
 * token when it writes the mail.
 */
const hoursOf: Record<LinkPurpose, number> = {
  'verify-email': 48,
  'reset-password': 1,
  'change-email': 1,
}
const linksPerHourMax = 3
const waitingMax = 10_000
const requestsAtOnce = 20

export type Addressee = { userId: string; email: string; purpose: LinkPurpose }

/** A link and what is told of it, to be written in the transaction of its reason. */
export function newLink(
  { seal, outbox }: Pick<Deps, 'seal' | 'outbox'>,
  { userId, email, purpose }: Addressee,
): { link: NewLink; told: OutboxRow } {
  const id = newId()
  const link = {
    id,
    userId,
    purpose,
    tokenHash: tokenHash(tokenOf(seal, id, purpose)),
    emailSealed: sealLinkEmail(seal, id, email),
    emailFingerprint: fingerprintOf(seal, email),
    hours: hoursOf[purpose],
  }
  const data = { linkId: id, userId, purpose }
  return { link, told: outbox.row('dev.boxoffice.link.issued.v1', id, data) }
}

/** Writes a link for a locked user, at most three of a purpose in an hour; gives what is to be sent. */
export async function issueLink(deps: Deps, tx: Sql, to: Addressee): Promise<OutboxRow[]> {
  const { link, told } = newLink(deps, to)
  if (!(await insertLink(tx, link, linksPerHourMax))) return []
  await deps.outbox.write(tx, [told])
  return [told]
}

/**
 * Notes that an address wants to reset its password. Every address is written down alike, and who it belongs
 * to is looked up afterwards, off the request's path: neither answer nor time tells who has an account.
 */
export async function requestReset(deps: Deps, email: string): Promise<void> {
  if (!(await insertRequest(deps.database, fingerprintOf(deps.seal, email), waitingMax)))
    throw new Problem('too-many-requests', 'Too many wait for a link; try again')
  outsideContext(() => void sweepRequests(deps).catch(() => {}))
}

/** Mails links to those of the requests that have an account; gives how many requests there were. */
export async function sweepRequests(deps: Deps): Promise<number> {
  const { taken, told } = await deps.database.transaction(async (tx) => {
    const requests = await takeRequests(tx, requestsAtOnce)
    const rows: OutboxRow[] = []
    // In one order, so that two sweeps never wait for each other in a circle.
    for (const userId of requests.userIds.toSorted()) {
      const person = await lockPerson(tx, userId)
      if (!person) continue
      const email = openEmail(deps.seal, userId, person.email_sealed)
      rows.push(...(await issueLink(deps, tx, { userId, email, purpose: 'reset-password' })))
    }
    return { taken: requests.taken, told: rows }
  })
  deps.outbox.send(told)
  return taken
}

/** Mails the link that proves the address once more, unless it is proved. */
export async function requestVerification(deps: Deps, userId: string): Promise<void> {
  const told = await deps.database.transaction(async (tx) => {
    const person = await lockPerson(tx, userId)
    if (!person) throw noUser(userId)
    if (person.email_verified_at) return []
    const email = openEmail(deps.seal, userId, person.email_sealed)
    return issueLink(deps, tx, { userId, email, purpose: 'verify-email' })
  })
  deps.outbox.send(told)
}

/** The link with its token, for the one mail that it goes out in. Throws `not-found` where it is over. */
export async function readLink({ database, seal }: Deps, id: string) {
  const link = await findLink(database, id)
  if (!link) throw new Problem('not-found', `There is no link ${id}, or it is over`)
  const { purpose, name, email_sealed, expires_at } = link
  const email = openLinkEmail(seal, id, email_sealed)
  const expiresAt = expires_at.toISOString()
  return { purpose, token: tokenOf(seal, id, purpose), email, name, expiresAt }
}

const oldLinksMax = 500

export const sweepLinks = ({ database }: Deps): Promise<number> =>
  deleteOldLinks(database, oldLinksMax)
