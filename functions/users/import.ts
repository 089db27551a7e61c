import { statement, type Sql } from '../_runtime/database.ts'
import type { Seal } from '../_runtime/seal.ts'
import { openImported, sealImported, sealPersonal } from './personal.ts'

type Row = Record<string, string>

/** A user of a data set. He has no password: he logs in after he has set one. */
export type ImportedUser = {
  id: string
  externalId: string
  name: string
  email: string
  phone: string | null
  createdAt: string
  /** As it came, to be sealed. */
  row: Row
}

/** Writes users who are not there yet and tells nobody; gives the ids that exist by now. Another's address keeps one out. */
export async function importUsers(
  sql: Sql,
  seal: Seal,
  users: ImportedUser[],
): Promise<Set<string>> {
  const sealed = users.map((user) => sealPersonal(seal, user))
  const rows = await sql.query<{ id: string }>(insertStatement, [
    users.map(({ id }) => id),
    users.map(({ name }) => name),
    sealed.map(({ emailSealed }) => emailSealed),
    sealed.map(({ emailFingerprint }) => emailFingerprint),
    sealed.map(({ phoneSealed }) => phoneSealed),
    users.map(({ externalId }) => externalId),
    users.map(({ id, row }) => sealImported(seal, id, row)),
    users.map(({ createdAt }) => createdAt),
  ])
  return new Set(rows.map(({ id }) => id))
}

const insertStatement = statement(
  'import-users',
  `with asked as (
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
       $7::text[], $8::timestamptz[]) as a (id, name, email_sealed, email_fingerprint, phone_sealed,
         external_id, imported_sealed, created_at)
   ), written as (
     insert into users (id, name, roles, email_sealed, email_fingerprint, phone_sealed, external_id,
       imported_sealed, created_at)
     select id, name, '{customer}', email_sealed, email_fingerprint, phone_sealed, external_id,
       imported_sealed, created_at
     from asked on conflict do nothing returning id
   )
   select id from written union select u.id from users u join asked a using (id)`,
)

/** The rows that users of a data set came from, by id; null for one who was erased since. */
export async function findImportedUsers(
  sql: Sql,
  seal: Seal,
  ids: string[],
): Promise<Map<string, Row | null>> {
  const rows = await sql.query<{ id: string; imported_sealed: string | null }>(findStatement, [ids])
  return new Map(
    rows.map(({ id, imported_sealed }) => [id, openImported(seal, id, imported_sealed)]),
  )
}

const findStatement = statement(
  'import-users-known',
  `select id, imported_sealed from users where id = any($1::uuid[]) and external_id is not null`,
)
