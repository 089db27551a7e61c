import { isUniqueViolation, statement, type Sql } from '../../_runtime/database.ts'
import { Problem } from '../../_runtime/problem.ts'

/** The hash of a user's password; null where he has none, undefined where there is no such user. */
export async function findHash(sql: Sql, userId: string): Promise<string | null | undefined> {
  const [row] = await sql.query<{ password_hash: string | null }>(findStatement, [userId])
  return row && row.password_hash
}

const findStatement = statement(
  'credential-find',
  `select c.password_hash from users u left join credentials c on c.user_id = u.id
   where u.id = $1 and u.erased_at is null and u.banned_at is null`,
)

/** Sets the password, also of a user who had none. */
export const writeHash = (tx: Sql, userId: string, hash: string) =>
  tx.query(writeStatement, [userId, hash])

const writeStatement = statement(
  'credential-write',
  `insert into credentials (user_id, password_hash) values ($1, $2)
   on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = now()`,
)

/** Changes the password unless it was changed meanwhile; false then. */
export const changeHash = async (
  tx: Sql,
  userId: string,
  old: string,
  hash: string,
): Promise<boolean> => (await tx.query(changeStatement, [userId, old, hash])).length === 1

const changeStatement = statement(
  'credential-change',
  `update credentials set password_hash = $3, changed_at = now()
   where user_id = $1 and password_hash = $2 returning 1`,
)

/** Notes that a link to this address was used; false where the user has another by now. */
export const markVerified = async (tx: Sql, userId: string, fingerprint: string) =>
  (await tx.query(verifiedStatement, [userId, fingerprint])).length === 1

const verifiedStatement = statement(
  'email-verified',
  `update users set email_verified_at = coalesce(email_verified_at, now())
   where id = $1 and email_fingerprint = $2 returning 1`,
)

/** Gives a user another address, which a link has proved. Throws `email-taken`. */
export async function writeEmail(
  tx: Sql,
  userId: string,
  { emailSealed, emailFingerprint }: { emailSealed: string; emailFingerprint: string },
): Promise<void> {
  try {
    await tx.query(emailStatement, [userId, emailSealed, emailFingerprint])
  } catch (err) {
    if (!isUniqueViolation(err, 'users_email')) throw err
    throw new Problem('email-taken', 'Somebody else has this address by now', {}, err)
  }
}

const emailStatement = statement(
  'email-write',
  `update users set email_sealed = $2, email_fingerprint = $3, email_verified_at = now(),
     version = version + 1 where id = $1`,
)

/** Whether anybody has this address. */
export const isKnown = async (sql: Sql, fingerprint: string): Promise<boolean> =>
  (await sql.query(knownStatement, [fingerprint])).length === 1

const knownStatement = statement('email-known', 'select 1 from users where email_fingerprint = $1')
