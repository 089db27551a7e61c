import type { Role } from '../../../contracts/route.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { banFor } from './edge-bans.ts'

export type ApiKeyRow = {
  id: string
  name: string
  scopes: string[]
  created_at: Date
  expires_at: Date | null
  used_at: Date | null
}

/** Locks the owner, so that of his keys one is made at a time; says whether `expiresAt` is still to come. */
export async function lockOwner(
  tx: Sql,
  userId: string,
  expiresAt: string | null,
): Promise<{ is_ahead: boolean } | undefined> {
  const [row] = await tx.query<{ is_ahead: boolean }>(lockStatement, [userId, expiresAt])
  return row
}

const lockStatement = statement(
  'api-key-owner',
  `select coalesce($2::timestamptz > now(), true) as is_ahead from users
   where id = $1 and erased_at is null and banned_at is null for update`,
)

export type NewApiKey = {
  id: string
  userId: string
  name: string
  secretHash: Buffer
  scopes: string[]
  expiresAt: string | null
}

/** Undefined where the owner has `keysMax` already. A statement of its own, after `lockOwner`: it must see them all. */
export async function insertApiKey(
  tx: Sql,
  key: NewApiKey,
  keysMax: number,
): Promise<ApiKeyRow | undefined> {
  const { id, userId, name, secretHash, scopes, expiresAt } = key
  const [row] = await tx.query<ApiKeyRow>(insertStatement, [
    id,
    userId,
    name,
    secretHash,
    scopes,
    expiresAt,
    keysMax,
  ])
  return row
}

const columns = 'id, name, scopes, created_at, expires_at, used_at'

const insertStatement = statement(
  'api-key-insert',
  `insert into api_keys (id, user_id, name, secret_hash, scopes, expires_at)
   select $1, $2, $3, $4, $5, $6
   where (select count(*) from api_keys where user_id = $2) < $7
   returning ${columns}`,
)

/** A user's keys, the oldest first. */
export const listKeysOf = (sql: Sql, userId: string): Promise<ApiKeyRow[]> =>
  sql.query<ApiKeyRow>(listStatement, [userId])

const listStatement = statement(
  'api-keys-list',
  `select ${columns} from api_keys where user_id = $1 order by created_at, id`,
)

/** Deletes a key of the user's and has it refused at the edge while a token of it may live; false where he has none. */
export async function deleteKey(
  sql: Sql,
  { id, userId, seconds }: { id: string; userId: string; seconds: number },
): Promise<boolean> {
  return (await sql.query(deleteStatement, [id, userId, seconds])).length === 1
}

const deleteStatement = statement(
  'api-key-delete',
  `with deleted as (
     delete from api_keys where id = $1 and user_id = $2 returning id
   ), banned as (${banFor('deleted', '$3')})
   select 1 from deleted`,
)

/** All keys of a user, as `deleteKey`; gives their ids. */
export async function deleteKeysOf(tx: Sql, userId: string, seconds: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(deleteAllStatement, [userId, seconds])
  return rows.map(({ id }) => id)
}

const deleteAllStatement = statement(
  'api-keys-delete',
  `with deleted as (
     delete from api_keys where user_id = $1 returning id
   ), banned as (${banFor('deleted', '$2')})
   select id from deleted`,
)

export type LiveKey = {
  user_id: string
  roles: Role[]
  scopes: string[]
  /** Until it expires; null where it does not. */
  seconds: number | null
}

/** The key, where its secret is right, it has not expired and its owner may act; notes that it was used. */
export async function useKey(
  sql: Sql,
  id: string,
  secretHash: Buffer,
): Promise<LiveKey | undefined> {
  const [row] = await sql.query<LiveKey>(useStatement, [id, secretHash])
  return row
}

const useStatement = statement(
  'api-key-use',
  `with live as (
     select k.id, k.user_id, k.scopes, u.roles,
       floor(extract(epoch from k.expires_at - now()))::int as seconds
     from api_keys k join users u on u.id = k.user_id
     where k.id = $1 and k.secret_hash = $2 and (k.expires_at is null or k.expires_at > now())
       and u.erased_at is null and u.banned_at is null
   ), used as (
     update api_keys k set used_at = now() from live l
     where k.id = l.id and (k.used_at is null or k.used_at < now() - interval '1 min')
   )
   select user_id, scopes, roles, seconds from live`,
)
