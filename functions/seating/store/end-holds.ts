import { statement, wasRolledBack, type Statement, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'

export type Freed = {
  hold_id: string
  event_id: string
  order_id: string | null
  /** Those that are free now. */
  seat_ids: string[]
  /** All that it was for. */
  wanted_ids: string[]
}

type Ending = { id: string; ownerId: string }

/**
 * Ends the holds of one moment in one statement. Gives the seats that are free now, or nothing. The holds' rows are
 * locked first and their seats' after them, each in the order of ids, as an allocation does.
 */
const createEnding = (which: Statement) => (sql: Sql) => {
  const end = merged((endings: Ending[]) => endAll(sql, which, endings), {
    // Of two that end one hold the second must see what the first did.
    keys: ({ id }) => [id.toLowerCase()],
    mayRetry: wasRolledBack,
  })
  return (id: string, ownerId: string): Promise<Freed | undefined> => end({ id, ownerId })
}

async function endAll(
  sql: Sql,
  which: Statement,
  endings: Ending[],
): Promise<(Freed | undefined)[]> {
  const rows = await sql.query<EndedRow>(which, [
    endings.map(({ id }) => id),
    endings.map(({ ownerId }) => ownerId),
  ])
  const byId = new Map(freedOf(rows).map((freed) => [freed.hold_id, freed]))
  return endings.map(({ id }) => byId.get(id.toLowerCase()))
}

/** A hold that ended, or a seat that is free by that. */
type EndedRow = (Omit<Freed, 'seat_ids'> & { seat_id: null }) | { hold_id: string; seat_id: string }

function freedOf(rows: EndedRow[]): Freed[] {
  const freed = new Map<string, Freed>()
  for (const row of rows)
    if (row.seat_id === null) {
      const { hold_id, event_id, order_id, wanted_ids } = row
      freed.set(hold_id, { hold_id, event_id, order_id, seat_ids: [], wanted_ids })
    }
  for (const { hold_id, seat_id } of rows)
    if (seat_id !== null) freed.get(hold_id)?.seat_ids.push(seat_id)
  return [...freed.values()]
}

const freeSeats = `
  -- locked in the order of ids, as everywhere; all ids at once, so that each is looked up
  locked as materialized (
    select s.id, s.hold_id from seats s
    where s.id = any(array(select unnest(seat_ids) from ended))
      and s.hold_id = any(array(select id from ended)) and s.status = 'HELD'
    order by s.id for update of s
  ), freed as (
    update seats s set status = 'AVAILABLE', hold_id = null, held_until = null, changed_at = now(),
      version = s.version + 1
    where s.id = any(array(select id from locked))
  )
  select id as hold_id, event_id, order_id, seat_ids as wanted_ids, null as seat_id from ended
  union all
  select hold_id, null, null, null, id from locked`

/** Those of `$1` that belong to the one at the same place of `$2`. */
const releaseWhere = (condition: string) => `
  with due as materialized (
    select h.id from holds h where h.id = any($1::uuid[]) and ${condition} order by h.id for update
  ), ended as (
    update holds set status = 'RELEASED' where id = any(array(select id from due))
    returning id, event_id, order_id, seat_ids
  ), ${freeSeats}`

const owner = '($2::uuid[])[array_position($1::uuid[], h.id)]'

/** Ends a buyer's own live hold; nothing for one that an order has. */
export const createEndHold = createEnding(
  statement(
    'hold-end',
    // Not by the index of the holds that run out, which a young plan takes for a short one.
    releaseWhere(`(h.status = 'ACTIVE') is true and h.order_id is null and h.buyer_id = ${owner}`),
  ),
)

/**
 * Ends an order's hold whatever became of it; nothing for another's hold, or the second time. An allocation that
 * comes later finds it RELEASED and sells nothing.
 */
export const createEndHoldForEver = createEnding(
  statement('hold-end-for-ever', releaseWhere(`h.order_id = ${owner} and h.status <> 'RELEASED'`)),
)

/** Ends the holds that have run out, up to `limit` of them; several instances share the work. */
export const expireHolds = async (sql: Sql, limit: number): Promise<Freed[]> =>
  freedOf(await sql.query<EndedRow>(expireStatement, [limit]))

const expireStatement = statement(
  'hold-expire',
  `with due as (
     select id from holds where status = 'ACTIVE' and expires_at <= now()
     order by expires_at limit $1 for update skip locked
   ), ended as (
     update holds set status = 'EXPIRED' where id = any(array(select id from due))
     returning id, event_id, order_id, seat_ids
   ), ${freeSeats}`,
)
