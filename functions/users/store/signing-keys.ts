import { statement, type Sql } from '../../_runtime/database.ts'

export type PublicJwk = {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
  kid: string
  alg: 'EdDSA'
  use: 'sig'
}

export type SigningKeyRow = {
  kid: string
  public_jwk: PublicJwk
  private_sealed: string
  may_sign: boolean
  /** Milliseconds until it may, below zero where it does. */
  signs_in_ms: number
}

export type NewKey = { publicJwk: PublicJwk; privateSealed: string }

/** When keys change: how long each signs, how long before that it is public, and how long what it signed lives. */
export type KeyTimes = { rotateSeconds: number; aheadSeconds: number; tokenSeconds: number }

/** Every key that may still be needed to check a token; of those that may sign, the newest comes last. */
export const findKeys = (sql: Sql): Promise<SigningKeyRow[]> =>
  sql.query<SigningKeyRow>(findStatement)

// By the clock of this moment: `now()` is when the transaction began, and who waited for the lock in it would
// take the key that was made meanwhile for one that is still to come.
const findStatement = statement(
  'keys-find',
  `select kid, public_jwk, private_sealed, signs_from <= clock_timestamp() as may_sign,
     extract(epoch from signs_from - clock_timestamp())::float8 * 1000 as signs_in_ms
   from signing_keys
   where retires_at is null or retires_at > now() order by signs_from, kid`,
)

/** Who makes a key does so alone until the transaction ends. */
export const lockKeys = (tx: Sql) => tx.query(lockStatement)

const lockStatement = statement(
  'keys-lock',
  `select pg_advisory_xact_lock(hashtext('users signing keys'))`,
)

/** A key that signs from now on. */
export const insertKey = (tx: Sql, { publicJwk, privateSealed }: NewKey) =>
  tx.query(insertStatement, [publicJwk.kid, publicJwk, privateSealed])

const insertStatement = statement(
  'key-insert',
  'insert into signing_keys (kid, public_jwk, private_sealed) values ($1, $2, $3)',
)

/** True once the newest key has signed for so long that the one after it must become public. */
export async function isNextDue(sql: Sql, times: KeyTimes): Promise<boolean> {
  const { rotateSeconds, aheadSeconds } = times
  const [row] = await sql.query<{ is_due: boolean }>(dueStatement, [rotateSeconds, aheadSeconds])
  return row?.is_due ?? false
}

const isDue = (rotate: string, ahead: string) =>
  `max(signs_from) + make_interval(secs => ${rotate}) - make_interval(secs => ${ahead}) <= clock_timestamp()`

const dueStatement = statement(
  'key-next-due',
  `select ${isDue('$1', '$2')} as is_due from signing_keys`,
)

/** Beyond a token's life: an instance may go on signing with a key that it keeps, and clocks differ. */
const slackSeconds = 120

/**
 * The next key, where it is still due: public from now on, signing `aheadSeconds` later at the earliest. Those
 * before it retire when the last token that they signed is over. The caller has `lockKeys`.
 */
export async function insertNextKey(
  tx: Sql,
  { publicJwk, privateSealed }: NewKey,
  { rotateSeconds, aheadSeconds, tokenSeconds }: KeyTimes,
): Promise<void> {
  await tx.query(nextStatement, [
    publicJwk.kid,
    publicJwk,
    privateSealed,
    rotateSeconds,
    aheadSeconds,
    tokenSeconds + slackSeconds,
  ])
}

const nextStatement = statement(
  'key-next-insert',
  `with next as (
     select greatest(max(signs_from) + make_interval(secs => $4),
       clock_timestamp() + make_interval(secs => $5)) as signs_from
     from signing_keys having ${isDue('$4', '$5')}
   ), made as (
     insert into signing_keys (kid, public_jwk, private_sealed, signs_from)
     select $1, $2, $3, signs_from from next returning signs_from
   )
   update signing_keys k set retires_at = m.signs_from + make_interval(secs => $6)
   from made m where k.retires_at is null`,
)

/** Forgets keys that nothing needs any more, with their private halves. */
export const deleteRetired = (sql: Sql) => sql.query(deleteStatement)

const deleteStatement = statement(
  'keys-delete',
  'delete from signing_keys where retires_at <= now()',
)
