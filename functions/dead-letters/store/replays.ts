import { statement, type Sql } from '../../_runtime/database.ts'
import type { ReplayRow } from './dead-letters.ts'

export type Claim = {
  replayId: string
  id: string
  by: string
  leaseSeconds: number
  /** Also where it was replayed or discarded before. */
  again: boolean
}

/** A dead letter that this process alone may deliver, until its lease is over. */
export type Claimed = {
  replay_id: string
  id: string
  type: string
  event_id: string
  function_name: string | null
  attributes: Record<string, string>
  content_type: string | null
  data: Buffer
  correlation_id: string
}

/**
 * Takes a dead letter for one replay. Of several that want it at the same moment the row's lock lets one
 * pass; the others then see its lease and get nothing. A lease whose process died ends by itself.
 */
export async function claimReplay(sql: Sql, claim: Claim): Promise<Claimed | undefined> {
  const { replayId, id, by, leaseSeconds, again } = claim
  const [row] = await sql.query<Claimed>(claimStatement, [replayId, id, by, leaseSeconds, again])
  return row
}

const claimStatement = statement(
  'replay-claim',
  `with claimed as (
     update dead_letters set replay_id = $1, replaying_until = now() + make_interval(secs => $4),
       tried_at = now()
     where id = $2 and (state = 'DEAD' or $5) and replaying_until > now() is not true
     returning *
   ), begun as (
     insert into replays (id, dead_letter_id, by_id, via)
     select replay_id, id, $3, case when function_name is null then 'broker' else 'function' end from claimed
   )
   select replay_id, id, type, event_id, function_name, attributes, content_type, data, correlation_id
   from claimed`,
)

export type Ended = {
  outcome: 'TAKEN' | 'REFUSED' | 'UNREACHED' | 'UNKNOWN'
  code: number | null
  /** The beginning of the answer; the new reason where it is a refusal. */
  answer: Buffer | null
  detail: string | null
}

/**
 * Writes down what came of a replay, and gives the state that the dead letter has then. What was taken is
 * REPLAYED, whoever else has it by now; unless it died anew since the replay began, as it does behind a Broker
 * that delivers before it answers. A refusal is the new reason why it is dead.
 */
export async function endReplay(
  sql: Sql,
  { replay_id: replayId, id }: Pick<Claimed, 'replay_id' | 'id'>,
  { outcome, code, answer, detail }: Ended,
): Promise<string> {
  const values = [replayId, id, outcome, code, answer, detail]
  const [row] = await sql.query<{ state: string }>(endStatement, values)
  return row?.state ?? 'DEAD'
}

const isDone = `$3 = 'TAKEN' and d.died_at <= e.started_at`

const endStatement = statement(
  'replay-end',
  `with ended as (
     update replays set ended_at = now(), outcome = $3, code = $4, detail = $6 where id = $1
     returning started_at, by_id
   )
   update dead_letters d set
     state = case when ${isDone} then 'REPLAYED' else d.state end,
     settled_at = case when ${isDone} then now() else d.settled_at end,
     settled_by = case when ${isDone} then e.by_id else d.settled_by end,
     reason = case when ${isDone} then null else d.reason end,
     code = case when $3 = 'REFUSED' then $4 else d.code end,
     answer = case when $3 = 'REFUSED' then $5 else d.answer end,
     replaying_until = case when d.replay_id <> $1 then d.replaying_until end,
     replay_id = case when d.replay_id <> $1 then d.replay_id end
   from ended e where d.id = $2
   returning d.state`,
)

export type Filter = {
  type?: string | undefined
  function?: string | undefined
  destination?: string | undefined
  code?: number | undefined
}

/** As `$first…$first+3`, in the order of `filterValues`. */
export const matches = (first: number): string => `
  ($${first}::text is null or d.type = $${first})
  and ($${first + 1}::text is null or d.function_name = $${first + 1})
  and ($${first + 2}::text is null or coalesce(d.destination, 'unknown') = $${first + 2})
  and ($${first + 3}::int is null or d.code = $${first + 3})`

export const filterValues = (filter: Filter): unknown[] => [
  filter.type ?? null,
  filter.function ?? null,
  filter.destination ?? null,
  filter.code ?? null,
]

/** Those that wait and match: first what was never tried, then what was tried longest ago. */
export async function listReplayable(sql: Sql, filter: Filter, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(replayableStatement, [
    ...filterValues(filter),
    limit,
  ])
  return rows.map(({ id }) => id)
}

const replayableStatement = statement(
  'replays-due',
  `select d.id from dead_letters d
   where d.state = 'DEAD' and d.replaying_until > now() is not true and ${matches(1)}
   order by d.tried_at nulls first, d.died_at limit $5`,
)

/** The newest replays of one dead letter. */
export const listReplays = (sql: Sql, id: string): Promise<ReplayRow[]> =>
  sql.query<ReplayRow>(replaysStatement, [id])

const replaysStatement = statement(
  'replays-list',
  `select id, by_id, via, started_at, ended_at, outcome, code, detail from replays
   where dead_letter_id = $1 order by started_at desc, id desc limit 20`,
)
