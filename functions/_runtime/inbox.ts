import { statement, type Sql } from './database.ts'
import type { Received } from './receive.ts'

/**
 * Deliveries come at least once, and a second one may overlap the first. The row (source, id) is written in
 * the transaction of the effect: who comes second waits for the first's commit and then does nothing, or, if
 * the first rolled back, does the work.
 *
 * False where the event had its effect before.
 */
export async function isFirst(tx: Sql, event: Received): Promise<boolean> {
  const rows = await tx.query(insert, [event.source, event.id])
  return rows.length === 1
}

const insert = statement(
  'inbox-insert',
  'insert into inbox (source, id) values ($1, $2) on conflict do nothing returning 1',
)

/** The table, for a function's first migration. */
export const inboxTable = `
  create table inbox (
    source text not null,
    id text not null,
    received_at timestamptz not null default now(),
    primary key (source, id)
  );`
