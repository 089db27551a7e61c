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
}

/** Every key that may still be needed to check a token; of those that may sign, the newest comes last. */
export const findKeys = (sql: Sql): Promise<SigningKeyRow[]> =>
  sql.query<SigningKeyRow>(findStatement)

// By the clock of this moment: `now()` is when the transaction began, and who waited for the lock in it would
// take the key that was made meanwhile for one that is still to come.
const findStatement = statement(
  'keys-find',
  `select kid, public_jwk, private_sealed, signs_from <= clock_timestamp() as may_sign from signing_keys
   where retires_at is null or retires_at > now() order by signs_from, kid`,
)

/** Who makes a key does so alone until the transaction ends. */
export const lockKeys = (tx: Sql) => tx.query(lockStatement)

const lockStatement = statement(
  'keys-lock',
  `select pg_advisory_xact_lock(hashtext('users signing keys'))`,
)

/** A key that signs from now on. */
export const insertKey = (
  tx: Sql,
  { publicJwk, privateSealed }: { publicJwk: PublicJwk; privateSealed: string },
) => tx.query(insertStatement, [publicJwk.kid, publicJwk, privateSealed])

const insertStatement = statement(
  'key-insert',
  'insert into signing_keys (kid, public_jwk, private_sealed) values ($1, $2, $3)',
)
