import { statement, type Sql } from '../../_runtime/database.ts'

export type NewDeadLetter = {
  id: string
  /** SHA-256 of what makes it one: source, id and destination. */
  key: Buffer
  attributes: Record<string, string>
  contentType: string | null
  data: Buffer
  destination: string | null
  functionName: string | null
  code: number | null
  answer: Buffer | null
  correlationId: string
}

export type Kept = { id: string; times: number; state: string; is_new: boolean }

/**
 * Keeps a dead letter, or counts one that is known. The Broker delivers at least once, so the same death may
 * be told twice; it carries the time when the event arrived at the Broker. With another such time, or none, it
 * is a new death: it waits again, with what the newest delivery brought. Two deliveries at once meet at the
 * unique key: the second waits for the first's commit.
 */
export async function keepDeadLetter(sql: Sql, letter: NewDeadLetter): Promise<Kept> {
  const { attributes } = letter
  const [row] = await sql.query<Kept>(keepStatement, [
    letter.id,
    letter.key,
    storable(attributes.source),
    storable(attributes.id),
    storable(attributes.type),
    storable(attributes.subject),
    storable(letter.destination),
    letter.functionName,
    JSON.stringify(attributes),
    storable(letter.contentType),
    letter.data,
    letter.code,
    letter.answer,
    storable(attributes.knativearrivaltime),
    letter.correlationId,
  ])
  return row as Kept
}

/** Postgres keeps no NUL in a text; the attributes as a whole, which are json, still have it. */
const storable = (text: string | null | undefined): string | null =>
  text?.replaceAll('\0', '\ufffd') ?? null

const isNewDeath = `(excluded.arrived is null or excluded.arrived is distinct from d.arrived)`
const renewed = [
  'attributes',
  'content_type',
  'data',
  'code',
  'answer',
  'arrived',
  'correlation_id',
  'state',
  'died_at',
  'settled_at',
  'settled_by',
  'reason',
].map(
  (column) => `${column} = case when ${isNewDeath} then excluded.${column} else d.${column} end`,
)

const keepStatement = statement(
  'dead-letter-keep',
  `insert into dead_letters as d (id, key, source, event_id, type, subject, destination, function_name,
     attributes, content_type, data, code, answer, arrived, correlation_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
   on conflict (key) do update set times = d.times + 1, last_received_at = now(), ${renewed.join(', ')}
   returning id, times, state, times = 1 as is_new`,
)

export type DeadLetterRow = {
  id: string
  state: string
  source: string
  event_id: string
  type: string
  subject: string | null
  destination: string | null
  function_name: string | null
  code: number | null
  answer: Buffer | null
  times: number
  first_received_at: Date
  last_received_at: Date
  died_at: Date
  tried_at: Date | null
  is_replaying: boolean
  settled_at: Date | null
  settled_by: string | null
  reason: string | null
  correlation_id: string
  data_bytes: number
}

/** Everything but what may be large. */
export const deadLetterColumns = `
  d.id, d.state, d.source, d.event_id, d.type, d.subject, d.destination, d.function_name, d.code, d.answer,
  d.times, d.first_received_at, d.last_received_at, d.died_at, d.tried_at,
  d.replaying_until > now() is true as is_replaying, d.settled_at, d.settled_by, d.reason, d.correlation_id,
  length(d.data) as data_bytes`

export type ReplayRow = {
  id: string
  by_id: string
  via: string
  started_at: Date
  ended_at: Date | null
  outcome: string | null
  code: number | null
  detail: string | null
}

export type WholeRow = DeadLetterRow & {
  attributes: Record<string, string>
  content_type: string | null
  data: Buffer
}

/** One dead letter, whole. */
export async function findDeadLetter(sql: Sql, id: string): Promise<WholeRow | undefined> {
  const [row] = await sql.query<WholeRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'dead-letter-find',
  `select ${deadLetterColumns}, d.attributes, d.content_type, d.data from dead_letters d where d.id = $1`,
)

/** Says why one need not be delivered any more; nothing where it does not wait, or is being replayed. */
export async function settleAsDiscarded(
  sql: Sql,
  { id, by, reason }: { id: string; by: string; reason: string },
): Promise<boolean> {
  return (await sql.query(discardStatement, [id, by, reason])).length > 0
}

const discardStatement = statement(
  'dead-letter-discard',
  `update dead_letters set state = 'DISCARDED', settled_at = now(), settled_by = $2, reason = $3
   where id = $1 and state = 'DEAD' and replaying_until > now() is not true
   returning 1`,
)
