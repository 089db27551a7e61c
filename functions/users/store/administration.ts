import type { Role } from '../../../contracts/route.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import type { UserRow } from './users.ts'

export type ManagedRow = UserRow & {
  banned_at: Date | null
  banned_by: string | null
  ban_reason: string | null
}

const columns = `id, name, roles, email_sealed, email_verified_at, phone_sealed, version, created_at, banned_at,
  banned_by, ban_reason`

/** The user, locked until the transaction ends: who changes him meanwhile, or opens a session, waits. */
export async function lockPerson(tx: Sql, id: string): Promise<ManagedRow | undefined> {
  const [row] = await tx.query<ManagedRow>(lockStatement, [id])
  return row
}

const lockStatement = statement(
  'person-lock',
  `select ${columns} from users where id = $1 and erased_at is null for update`,
)

/** Locks out others who take admins away or make the first one, until the transaction ends. Comes before `lockPerson`. */
export const lockAdmins = (tx: Sql) => tx.query(lockAdminsStatement)

const lockAdminsStatement = statement(
  'admin-lock',
  `select pg_advisory_xact_lock(hashtext('users first admin'))`,
)

/** Whether somebody else is an admin who can log in. The caller has `lockAdmins`. */
export async function hasOtherAdmin(tx: Sql, id: string): Promise<boolean> {
  const [row] = await tx.query<{ has_other: boolean }>(otherAdminStatement, [id])
  return row?.has_other ?? false
}

const otherAdminStatement = statement(
  'admin-other',
  `select exists (select from users u join credentials c on c.user_id = u.id
     where 'admin' = any(u.roles) and u.erased_at is null and u.banned_at is null and u.id <> $1
   ) as has_other`,
)

export const writeRoles = (tx: Sql, id: string, roles: Role[]): Promise<ManagedRow> =>
  changed(tx.query<ManagedRow>(rolesStatement, [id, roles]))

const rolesStatement = statement(
  'person-roles',
  `update users set roles = $2, version = version + 1 where id = $1 returning ${columns}`,
)

export const writeBan = (tx: Sql, id: string, by: string, reason: string): Promise<ManagedRow> =>
  changed(tx.query<ManagedRow>(banStatement, [id, by, reason]))

const banStatement = statement(
  'person-ban',
  `update users set banned_at = now(), banned_by = $2, ban_reason = $3, version = version + 1
   where id = $1 returning ${columns}`,
)

export const clearBan = (tx: Sql, id: string): Promise<ManagedRow> =>
  changed(tx.query<ManagedRow>(unbanStatement, [id]))

const unbanStatement = statement(
  'person-unban',
  `update users set banned_at = null, banned_by = null, ban_reason = null, version = version + 1
   where id = $1 returning ${columns}`,
)

/** The caller has locked the row, so it is there. */
const changed = async (rows: Promise<ManagedRow[]>) => (await rows)[0] as ManagedRow

/** What to look for: one of them, or none for all. */
export type Search = { id?: string; fingerprint?: string; words?: string }

/** One page, newest first, and how many match. */
export async function searchPeople(
  sql: Sql,
  { id, fingerprint, words }: Search,
  { page, size }: { page: number; size: number },
): Promise<{ rows: ManagedRow[]; total: number }> {
  const [which, value] = id
    ? (['id', id] as const)
    : fingerprint
      ? (['fingerprint', fingerprint] as const)
      : words
        ? (['words', words] as const)
        : (['all', null] as const)
  const rows = await sql.query<Counted>(searches[which], [value, size, (page - 1) * size])
  return {
    rows: rows.filter((row): row is ManagedRow & Total => row.id !== null),
    total: Number(rows[0]?.total ?? 0),
  }
}

type Total = { total: string }
/** A page past the end still has one row, for the count. */
type Counted = (ManagedRow | { id: null }) & Total

/** A statement each: one plan for all of them could use none of the indexes. */
const search = (name: string, condition: string) =>
  statement(
    `people-${name}`,
    `with matching as (
       select ${columns} from users where erased_at is null and ${condition}
     ), page as (
       select * from matching order by id desc limit $2 offset $3
     )
     select c.total, p.* from (select count(*) as total from matching) c left join page p on true
     order by p.id desc`,
  )

const searches = {
  id: search('by-id', 'id = $1::uuid'),
  fingerprint: search('by-address', 'email_fingerprint = $1'),
  words: search('by-name', 'name_words @@ beginnings($1)'),
  all: search('all', '$1::text is null'),
}
