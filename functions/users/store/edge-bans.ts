import { statement, type Sql } from '../../_runtime/database.ts'

const changed = `on conflict (id) do update set version = nextval('edge_ban_versions'),
  is_banned = excluded.is_banned, ends_at = excluded.ends_at, is_told = false`

/** For a statement to carry along: what `source` names by its `id` is refused at the edge for so many seconds. */
export const banFor = (source: string, seconds: string): string =>
  `insert into edge_bans (id, is_banned, ends_at)
   select id, true, now() + make_interval(secs => ${seconds}) from ${source} ${changed}`

/** Refuses a user at the edge until it is lifted. */
export const banAtEdge = (tx: Sql, userId: string) => tx.query(banStatement, [userId])

const banStatement = statement(
  'edge-ban',
  `insert into edge_bans (id, is_banned) values ($1, true) ${changed}`,
)

/** Lifts the ban of a user. The row stays for an hour, so that nobody can write the ban again who comes late. */
export const liftAtEdge = (tx: Sql, userId: string) => tx.query(liftStatement, [userId])

const liftStatement = statement(
  'edge-lift',
  `insert into edge_bans (id, is_banned, ends_at) values ($1, false, now() + interval '1 h') ${changed}`,
)

export type EdgeBan = {
  id: string
  version: string
  is_banned: boolean
  /** Null: until it is lifted. */
  seconds: number | null
}

const columns = `id, version, is_banned, ceil(extract(epoch from ends_at - now()))::int as seconds`
const isLive = `(ends_at is null or ends_at > now())`

/** Those of `ids` that Redis has not been told of. */
export const findUntold = (sql: Sql, ids: string[]): Promise<EdgeBan[]> =>
  sql.query<EdgeBan>(findStatement, [ids])

const findStatement = statement(
  'edge-bans-find',
  `select ${columns} from edge_bans where id = any($1::uuid[]) and not is_told and ${isLive}`,
)

/** The oldest that Redis has not been told of. */
export const listUntold = (sql: Sql, limit: number): Promise<EdgeBan[]> =>
  sql.query<EdgeBan>(listStatement, [limit])

const listStatement = statement(
  'edge-bans-untold',
  `select ${columns} from edge_bans where not is_told and ${isLive} order by version limit $1`,
)

/** Marks what was told, unless it has changed since. */
export const markTold = (sql: Sql, bans: EdgeBan[]) =>
  sql.query(toldStatement, [bans.map(({ id }) => id), bans.map(({ version }) => version)])

const toldStatement = statement(
  'edge-bans-told',
  `update edge_bans b set is_told = true
   from unnest($1::uuid[], $2::bigint[]) as t (id, version)
   where b.id = t.id and b.version = t.version`,
)

/** The newest of which Redis was told; 0 where there is none. */
export async function newestTold(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ version: string }>(newestStatement)
  return Number(row?.version ?? 0)
}

const newestStatement = statement(
  'edge-bans-newest',
  `select version from edge_bans where is_told order by version desc limit 1`,
)

/** Has all of them told again. */
export const forgetTold = (sql: Sql) => sql.query(forgetStatement)

const forgetStatement = statement(
  'edge-bans-forget',
  'update edge_bans set is_told = false where is_told',
)

/** Deletes those that are over, at most `limit`; gives how many. */
export async function deleteEnded(sql: Sql, limit: number): Promise<number> {
  return (await sql.query(deleteStatement, [limit])).length
}

const deleteStatement = statement(
  'edge-bans-delete',
  `delete from edge_bans where id in (
     select id from edge_bans where ends_at <= now() limit $1 for update skip locked
   ) returning 1`,
)
