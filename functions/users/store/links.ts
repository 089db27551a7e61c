import type { LinkPurpose } from '../../../contracts/account-links.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

export type NewLink = {
  id: string
  userId: string
  purpose: LinkPurpose
  tokenHash: Buffer
  emailSealed: string
  emailFingerprint: string
  hours: number
}

/** A link for a user whom the caller has locked; false where he was sent `linksMax` of the kind in an hour. */
export async function insertLink(tx: Sql, link: NewLink, linksMax: number): Promise<boolean> {
  const rows = await tx.query(insertStatement, [
    link.id,
    link.userId,
    link.purpose,
    link.tokenHash,
    link.emailSealed,
    link.emailFingerprint,
    link.hours,
    linksMax,
  ])
  return rows.length === 1
}

const insertStatement = statement(
  'link-insert',
  `insert into links (id, user_id, purpose, token_hash, email_sealed, email_fingerprint, expires_at)
   select $1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7)
   where (select count(*) from links
     where user_id = $2 and purpose = $3 and created_at > now() - interval '1 h') < $8
   returning 1`,
)

export type LinkRow = {
  id: string
  user_id: string
  purpose: LinkPurpose
  email_sealed: string
  email_fingerprint: string
  expires_at: Date
}

const columns = 'id, user_id, purpose, email_sealed, email_fingerprint, expires_at'

/** A link that can still be used, with the name of its user. */
export async function findLink(
  sql: Sql,
  id: string,
): Promise<(LinkRow & { name: string }) | undefined> {
  const [row] = await sql.query<LinkRow & { name: string }>(findStatement, [id])
  return row
}

const findStatement = statement(
  'link-find',
  `select l.*, u.name from links l join users u on u.id = l.user_id
   where l.id = $1 and l.expires_at > now() and u.erased_at is null and u.banned_at is null`,
)

/** Whose link a token is of, while it can be used; undefined also where the token is not its own. */
export async function findOwner(
  sql: Sql,
  id: string,
  hash: Buffer,
  purpose: LinkPurpose,
): Promise<string | undefined> {
  const [row] = await sql.query<{ user_id: string }>(ownerStatement, [id, hash, purpose])
  return row?.user_id
}

const ownerStatement = statement(
  'link-owner',
  `select l.user_id from links l join users u on u.id = l.user_id
   where l.id = $1 and l.token_hash = $2 and l.purpose = $3 and l.expires_at > now()
     and u.erased_at is null and u.banned_at is null`,
)

/** Uses a link up: of two at once, one gets it. */
export async function takeLink(tx: Sql, id: string, hash: Buffer): Promise<LinkRow | undefined> {
  const [row] = await tx.query<LinkRow>(takeStatement, [id, hash])
  return row
}

const takeStatement = statement(
  'link-take',
  `delete from links where id = $1 and token_hash = $2 and expires_at > now() returning ${columns}`,
)

/** Ends the links of a user: all, or those of one purpose. */
export const deleteLinks = (tx: Sql, userId: string, purpose: LinkPurpose | null = null) =>
  tx.query(deleteStatement, [userId, purpose])

const deleteStatement = statement(
  'links-delete',
  `delete from links where user_id = $1 and ($2::text is null or purpose = $2)`,
)

/** Deletes links that are over, at most `limit`; gives how many. */
export const deleteOldLinks = async (sql: Sql, limit: number): Promise<number> =>
  (await sql.query(deleteOldStatement, [limit])).length

const deleteOldStatement = statement(
  'links-delete-old',
  `delete from links where id in (
     select id from links where expires_at <= now() limit $1 for update skip locked
   ) returning 1`,
)

/** Notes that somebody wants to reset the password of an address, known or not; false where too many wait. */
export const insertRequest = async (
  sql: Sql,
  fingerprint: string,
  waitingMax: number,
): Promise<boolean> => (await sql.query(requestStatement, [fingerprint, waitingMax])).length === 1

const requestStatement = statement(
  'reset-request',
  `insert into reset_requests (email_fingerprint)
   select $1 where (select count(*) from reset_requests) < $2
   on conflict (email_fingerprint) do update set requested_at = now() returning 1`,
)

/** Takes the oldest requests; gives how many there were, and the users who have one of the addresses. */
export async function takeRequests(
  tx: Sql,
  limit: number,
): Promise<{ taken: number; userIds: string[] }> {
  const rows = await tx.query<{ id: string | null }>(takeRequestsStatement, [limit])
  return { taken: rows.length, userIds: rows.flatMap(({ id }) => id ?? []) }
}

const takeRequestsStatement = statement(
  'reset-requests-take',
  `with oldest as (
     select email_fingerprint from reset_requests order by requested_at limit $1
     for update skip locked
   ), taken as (
     delete from reset_requests r using oldest o where r.email_fingerprint = o.email_fingerprint
     returning r.email_fingerprint
   )
   select u.id from taken t
   left join users u on u.email_fingerprint = t.email_fingerprint and u.banned_at is null`,
)
