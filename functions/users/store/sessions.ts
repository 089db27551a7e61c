import type { Role } from '../../../contracts/route.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { banFor } from './edge-bans.ts'

export type NewSession = { id: string; userId: string; hash: Buffer; days: number }

/** A session with its first refresh token, for a user who is still there; gives the seconds that it lasts. */
export async function openSession(sql: Sql, session: NewSession): Promise<number | undefined> {
  const { id, userId, hash, days } = session
  const [row] = await sql.query<{ seconds: number }>(openStatement, [id, userId, hash, days])
  return row?.seconds
}

const secondsLeft = (session: string) =>
  `extract(epoch from ${session}.expires_at - now())::int as seconds`

const openStatement = statement(
  'session-open',
  `with owner as materialized (
     -- an erasure or a ban that is under way is waited for, one that begins now waits and takes this session with it
     select id from users where id = $2 and erased_at is null and banned_at is null for share
   ), opened as (
     insert into sessions (id, user_id, expires_at)
     select $1, id, now() + make_interval(days => $4) from owner
     returning id, expires_at
   ), token as (
     insert into refresh_tokens (hash, session_id) select $3, id from opened
   )
   select ${secondsLeft('o')} from opened o`,
)

export type Rotation = {
  user_id: string
  session_id: string
  roles: Role[]
  seconds: number
  outcome: 'rotated' | 'repeated' | 'reused'
  successor_sealed: string
}

/**
 * Exchanges a refresh token for its successor. What races: two requests with the same token, which a client
 * sends when an answer was lost, and a token that was stolen. The session's row is locked first and then the
 * token's, so that they come one after the other; the second finds the token rotated: within the grace it is
 * given the same successor (`repeated`), later the whole session ends (`reused`), with every token that came
 * of it. Undefined where the token is unknown or its session is over.
 */
export async function rotateToken(
  sql: Sql,
  token: {
    hash: Buffer
    successorHash: Buffer
    successorSealed: string
    graceSeconds: number
    banSeconds: number
  },
): Promise<Rotation | undefined> {
  const [row] = await sql.query<Rotation>(rotateStatement, [
    token.hash,
    token.successorHash,
    token.successorSealed,
    token.graceSeconds,
    token.banSeconds,
  ])
  return row
}

const rotateStatement = statement(
  'token-rotate',
  `with session as materialized (
     select s.id, s.user_id, s.expires_at from sessions s
     where s.id = (select session_id from refresh_tokens where hash = $1) and s.expires_at > now()
     for update of s
   ), given as materialized (
     -- locked too, so that it is read as it is now and not as it was when the statement began
     select t.hash, t.successor_sealed,
       case when t.rotated_at is null then 'rotated'
         when t.rotated_at > now() - make_interval(secs => $4) then 'repeated'
         else 'reused' end as outcome
     from refresh_tokens t join session s on s.id = t.session_id
     where t.hash = $1 for update of t
   ), rotated as (
     update refresh_tokens t set rotated_at = now(), successor_sealed = $3
     from given g where t.hash = g.hash and g.outcome = 'rotated'
     returning t.session_id
   ), successor as (
     insert into refresh_tokens (hash, session_id) select $2, session_id from rotated
   ), revoked as (
     delete from sessions where id in (select s.id from session s, given g where g.outcome = 'reused')
     returning id
   ), banned as (${banFor('revoked', '$5')})
   select s.user_id, s.id as session_id, u.roles, g.outcome, coalesce(g.successor_sealed, $3) as successor_sealed,
     ${secondsLeft('s')}
   from given g, session s join users u on u.id = s.user_id and u.erased_at is null and u.banned_at is null`,
)

/** Ends the session that a token belongs to, if there is one, and has it refused at the edge; gives its id. */
export async function endSessionOf(
  sql: Sql,
  hash: Buffer,
  banSeconds: number,
): Promise<string | undefined> {
  const [row] = await sql.query<{ id: string }>(endStatement, [hash, banSeconds])
  return row?.id
}

const endStatement = statement(
  'session-end',
  `with ended as (
     delete from sessions where id = (select session_id from refresh_tokens where hash = $1)
     returning id
   ), banned as (${banFor('ended', '$2')})
   select id from ended`,
)

/** Ends the sessions of a user, all but `keptId`, and has them refused at the edge; gives their ids. */
export async function endSessions(
  sql: Sql,
  { userId, banSeconds, keptId = null }: EndedSessions,
): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(endAllStatement, [userId, banSeconds, keptId])
  return rows.map(({ id }) => id)
}

export type EndedSessions = { userId: string; banSeconds: number; keptId?: string | null }

const endAllStatement = statement(
  'sessions-end',
  `with ended as (
     delete from sessions where user_id = $1 and ($3::uuid is null or id <> $3) returning id
   ), banned as (${banFor('ended', '$2')})
   select id from ended`,
)

/** Deletes what is left of sessions that are over, at most `limit` rows of each kind; gives how many. */
export async function deleteExpired(sql: Sql, limit: number): Promise<number> {
  const tokens = await sql.query(deleteTokens, [limit])
  const sessions = await sql.query(deleteSessions, [limit])
  return tokens.length + sessions.length
}

// Tokens first: a session may have thousands, and a cascade knows no limit.
const deleteTokens = statement(
  'tokens-delete',
  `delete from refresh_tokens where hash in (
     select t.hash from sessions s join refresh_tokens t on t.session_id = s.id
     where s.expires_at <= now() limit $1 for update of t skip locked
   ) returning 1`,
)

const deleteSessions = statement(
  'sessions-delete',
  `delete from sessions where id in (
     select s.id from sessions s
     where s.expires_at <= now() and not exists (select from refresh_tokens t where t.session_id = s.id)
     limit $1 for update of s skip locked
   ) returning 1`,
)
