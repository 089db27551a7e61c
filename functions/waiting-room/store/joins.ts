import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'

type JoinItem = { eventId: string; userId: string; number: number | null }
type ClaimItem = { eventId: string; userId: string; admissionId: string; endsAt: number }

const itemsMax = 500
const keys = ({ eventId, userId }: { eventId: string; userId: string }) => [`${eventId} ${userId}`]

/** The journal that a queue is made from where Redis has lost it. Rows of the same moment go in one statement. */
export type Journal = {
  /** That somebody stands in line. Done when it is durable; the same place again writes nothing. */
  join(item: JoinItem): Promise<void>
  claim(item: ClaimItem): Promise<void>
}

export function createJournal(sql: Sql): Journal {
  const join = merged((items: JoinItem[]) => writeJoins(sql, items), {
    itemsMax,
    keys,
    mayRetry: wasRolledBack,
  })
  const claim = merged((items: ClaimItem[]) => writeClaims(sql, items), {
    itemsMax,
    keys,
    mayRetry: wasRolledBack,
  })
  return { join, claim }
}

async function writeJoins(sql: Sql, items: JoinItem[]): Promise<void[]> {
  await sql.query(joinStatement, [
    items.map(({ eventId }) => eventId),
    items.map(({ userId }) => userId),
    items.map(({ number }) => number),
  ])
  return items.map(() => {})
}

/** Who joins again after his admission has a new number, and no admission yet. */
const joinStatement = statement(
  'join',
  `insert into joins (event_id, user_id, number)
   select * from unnest($1::uuid[], $2::uuid[], $3::int[])
   on conflict (event_id, user_id) do update
     set number = excluded.number, admission_id = null, admitted_until = null
   where joins.number is distinct from excluded.number`,
)

async function writeClaims(sql: Sql, items: ClaimItem[]): Promise<void[]> {
  await sql.query(claimStatement, [
    items.map(({ eventId }) => eventId),
    items.map(({ userId }) => userId),
    items.map(({ admissionId }) => admissionId),
    items.map(({ endsAt }) => new Date(endsAt)),
  ])
  return items.map(() => {})
}

const claimStatement = statement(
  'claim',
  `update joins j set admission_id = c.admission_id, admitted_until = c.admitted_until
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
     as c (event_id, user_id, admission_id, admitted_until)
   where j.event_id = c.event_id and j.user_id = c.user_id`,
)

export type JoinRow = {
  user_id: string
  number: number | null
  admission_id: string | null
  admitted_until: Date | null
}

/** A page of an event's journal, by user; `after` is the last user of the page before. */
export const readJoins = (sql: Sql, eventId: string, after: string, rowsMax: number) =>
  sql.query<JoinRow>(readStatement, [eventId, after, rowsMax])

const readStatement = statement(
  'joins-read',
  `select user_id, number, admission_id, admitted_until from joins
   where event_id = $1 and user_id > $2 order by user_id limit $3`,
)

/** Forgets who stood in line for an event; a batch at a time. Gives how many. */
export async function forgetJoins(sql: Sql, eventId: string, rowsMax: number): Promise<number> {
  const rows = await sql.query(forgetStatement, [eventId, rowsMax])
  return rows.length
}

const forgetStatement = statement(
  'joins-forget',
  `delete from joins where event_id = $1 and user_id in (
     select user_id from joins where event_id = $1 limit $2)
   returning 1`,
)
