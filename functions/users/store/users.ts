import type { Role } from '../../../contracts/route.ts'
import type { OutboxRow } from '../../_runtime/broker.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { outboxColumns, outboxInsert } from '../../_runtime/outbox.ts'
import type { Sealed } from '../personal.ts'
import type { NewLink } from './links.ts'

export type NewUser = Sealed & {
  id: string
  name: string
  roles: Role[]
  passwordHash: string
  /** The link that proves his address. */
  link?: NewLink
}

/**
 * A user, what he logs in with and what is told of him, in one statement. Undefined where the address is
 * taken: of two at once the second waits for the first and then finds the index.
 */
export async function insertUser(
  sql: Sql,
  user: NewUser,
  told: OutboxRow[],
): Promise<Date | undefined> {
  const [row] = await sql.query<{ created_at: Date }>(insertStatement, [
    user.id,
    user.name,
    user.roles,
    user.emailSealed,
    user.emailFingerprint,
    user.phoneSealed,
    user.passwordHash,
    user.link?.id,
    user.link?.tokenHash,
    user.link?.emailSealed,
    user.link?.hours,
    ...outboxColumns(told),
  ])
  return row?.created_at
}

const insertStatement = statement(
  'user-insert',
  `with made as (
     insert into users (id, name, roles, email_sealed, email_fingerprint, phone_sealed)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (email_fingerprint) do nothing
     returning id, created_at
   ), credential as (
     insert into credentials (user_id, password_hash) select id, $7 from made
   ), link as (
     insert into links (id, user_id, purpose, token_hash, email_sealed, email_fingerprint, expires_at)
     select $8::uuid, id, 'verify-email', $9::bytea, $10, $5, now() + make_interval(hours => $11::int)
     from made where $8 is not null
   ), ${outboxInsert(12, 'where exists (select from made)')}
   select created_at from made`,
)

export type UserRow = {
  id: string
  name: string
  roles: Role[]
  email_sealed: string
  email_verified_at: Date | null
  phone_sealed: string | null
  version: number
  created_at: Date
}

/** Undefined where there is no such user, or none any more. */
export async function findUser(sql: Sql, id: string): Promise<UserRow | undefined> {
  const [row] = await sql.query<UserRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'user-find',
  `select id, name, roles, email_sealed, email_verified_at, phone_sealed, version, created_at
   from users where id = $1 and erased_at is null`,
)

export type LogInRow = {
  id: string
  roles: Role[]
  password_hash: string | null
  is_banned: boolean
}

/** Who has this address, and the hash that his password must meet; null where he has none. */
export async function findLogIn(sql: Sql, fingerprint: string): Promise<LogInRow | undefined> {
  const [row] = await sql.query<LogInRow>(logInStatement, [fingerprint])
  return row
}

const logInStatement = statement(
  'user-log-in',
  `select u.id, u.roles, c.password_hash, u.banned_at is not null as is_banned
   from users u left join credentials c on c.user_id = u.id
   where u.email_fingerprint = $1 and u.erased_at is null`,
)

/** Puts the same password under a new hash, unless it was changed meanwhile. */
export const replaceHash = (sql: Sql, userId: string, old: string, hash: string) =>
  sql.query(replaceStatement, [userId, old, hash])

const replaceStatement = statement(
  'credential-replace',
  'update credentials set password_hash = $3 where user_id = $1 and password_hash = $2',
)

/** Takes the contact out of what was told of a user: the outbox keeps what it sent. */
export const forgetTold = (tx: Sql, userId: string) => tx.query(forgetStatement, [userId])

// What is unsent loses them too: whoever gets it has got the erasure or will get it, and the version orders both.
const forgetStatement = statement(
  'user-told-forget',
  `update outbox set type = replace(type, '.v1', '.v2'),
     payload = payload - 'email' - 'name' || '{"contactSealed": null}'
   where aggregatetype = 'user' and aggregateid = $1 and payload ?| '{contactSealed,email}'`,
)

/** Whether anybody is an admin. The caller has `lockAdmins`. */
export async function hasAdmin(tx: Sql): Promise<boolean> {
  const [row] = await tx.query<{ has_admin: boolean }>(hasAdminStatement)
  return row?.has_admin ?? false
}

const hasAdminStatement = statement(
  'admin-exists',
  `select exists (select from users where 'admin' = any(roles) and erased_at is null) as has_admin`,
)
