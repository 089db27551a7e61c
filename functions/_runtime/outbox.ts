import type { EventData, EventType } from '../../contracts/events.ts'
import type { Broker, OutboxRow } from './broker.ts'
import { current, outsideContext } from './context.ts'
import { statement, type Database, type Sql } from './database.ts'
import { failpoint } from './failpoint.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'
import { isPlanted } from './planted.ts'

/**
 * An event that is published and not committed is a lie; one that is committed and not published is lost.
 * So the event is a row, written in the transaction of the change that it tells of, beside a row in
 * `outbox_unsent` that goes once the Broker has it. Right after commit the rows are sent from memory, off the
 * request's path. What a crash leaves behind, `sweep` finds; it never follows ids upwards, because a row with
 * a lower id may commit later.
 *
 * Delivery is at least once: a crash between the Broker's answer and the delete sends the same id again.
 */
export type Outbox = {
  /** A row for `event`, with the correlation of the work at hand. Written by the caller's own statement. */
  row<Type extends EventType>(type: Type, subject: string, data: EventData<Type>): OutboxRow
  /** Writes rows in the transaction of the change. Send them after its commit. */
  write(tx: Sql, rows: readonly OutboxRow[]): Promise<void>
  /** Sends committed rows in the background. */
  send(rows: readonly OutboxRow[]): void
  /** Sends what is still unsent though it was due; gives how many. Any number of instances may do this. */
  sweep(): Promise<number>
  /** Has a row that was sent before sent again, under its own id. */
  again(tx: Sql, ids: readonly string[]): Promise<void>
  /** Waits for what is on its way. */
  settle(): Promise<void>
}

export type OutboxOptions = { database: Database; broker: Broker; log: Log }

/** Sent rows are forgotten together: until then a crash would send them once more, which is harmless. */
const forgetMs = 25
/** Beyond this, rows wait in the database only: the sweep finds them. */
const queuedMax = 10_000
const sweepRowsMax = 100

export function createOutbox({ database, broker, log }: OutboxOptions): Outbox {
  const queue: OutboxRow[] = []
  const sending = new Set<Promise<void>>()
  let sent: string[] = []
  let deleting: Promise<void> | undefined

  async function sendOne(row: OutboxRow): Promise<void> {
    failpoint('outbox.before-publish')
    if (!(await broker.publish(row))) return
    failpoint('outbox.published')
    sent.push(row.id)
  }

  function pump(): void {
    while (sending.size < broker.atOnceMax) {
      const row = queue.shift()
      if (!row) break
      const one = sendOne(row)
        .catch((err: unknown) => log.error({ err, type: row.type }, 'an event could not be sent'))
        .finally(() => {
          sending.delete(one)
          deleting ??= forget().finally(() => (deleting = undefined))
          pump()
        })
      sending.add(one)
    }
  }

  /** One delete for all that the Broker took meanwhile. A failure is harmless: they are sent once more. */
  async function forget(): Promise<void> {
    while (sent.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, forgetMs))
      const ids = sent
      sent = []
      await database
        .query(deleteUnsent, [ids])
        .catch((err: unknown) => log.warn({ err }, 'sent events stay marked unsent'))
    }
  }

  const send: Outbox['send'] = (rows) => {
    if (queue.length + rows.length <= queuedMax) queue.push(...rows)
    // The request that wrote them may be over before they are sent.
    outsideContext(pump)
  }

  const settle = async () => {
    while (queue.length > 0 || sending.size > 0 || deleting)
      await Promise.all([...sending, deleting])
  }

  return {
    row(type, subject, data) {
      const row = {
        id: newId(),
        aggregatetype: type.split('.')[2] as string,
        aggregateid: subject,
        type,
        payload: data,
        correlationid: current().correlationId,
        traceparent: current().traceparent,
      }
      // Nobody knows yet whether the change that it tells of will be there.
      if (isPlanted('publish-before-commit')) send([row])
      return row
    },
    write: async (tx, rows) =>
      void (rows.length > 0 && (await tx.query(insertRows, outboxColumns(rows)))),
    send,
    async sweep() {
      const rows = await database.query<OutboxRow>(claimUnsent, [sweepRowsMax])
      send(rows)
      await settle()
      return rows.length
    },
    again: async (tx, ids) => void (ids.length > 0 && (await tx.query(markUnsent, [ids]))),
    settle,
  }
}

/** The rows as columns, for `unnest`; seven arrays in the order of `outboxUnnest`. */
export const outboxColumns = (rows: readonly OutboxRow[]): unknown[][] => [
  rows.map((row) => row.id),
  rows.map((row) => row.aggregatetype),
  rows.map((row) => row.aggregateid),
  rows.map((row) => row.type),
  rows.map((row) => JSON.stringify(row.payload)),
  rows.map((row) => row.correlationid),
  rows.map((row) => row.traceparent),
]

/**
 * Two common table expressions that write the rows given as `$first…$first+6`, for a hot statement to carry
 * along: `with done as (…), ${outboxInsert(4, 'where o.aggregateid::uuid in (select id from done)')} …`.
 */
export const outboxInsert = (first: number, condition = ''): string => `
  told as (
    insert into outbox (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
    select o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.correlationid, o.traceparent
    from unnest($${first}::uuid[], $${first + 1}::text[], $${first + 2}::text[], $${first + 3}::text[],
      $${first + 4}::jsonb[], $${first + 5}::text[], $${first + 6}::text[])
      as o (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
    ${condition}
    returning id
  ), unsent as (
    insert into outbox_unsent (id) select id from told
  )`

const insertRows = statement('outbox-insert', `with ${outboxInsert(1)} select count(*) from told`)
const deleteUnsent = statement(
  'outbox-sent',
  'delete from outbox_unsent where id = any($1::uuid[])',
)
const markUnsent = statement(
  'outbox-again',
  `insert into outbox_unsent (id, due_at)
     select o.id, now() from outbox o where o.id = any($1::uuid[]) on conflict (id) do nothing`,
)

/**
 * Rows are leased, not locked: no transaction stays open while the Broker is asked. They come in the order of their
 * ids, which their index has, so that a long queue is not read as a whole for each hundred of it.
 */
const claimUnsent = statement(
  'outbox-claim',
  `with due as (
     select id from outbox_unsent where due_at <= now() order by id limit $1 for update skip locked
   ), claimed as (
     update outbox_unsent u set due_at = now() + interval '30 s' from due where u.id = due.id returning u.id
   )
   select o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.correlationid, o.traceparent
   from outbox o join claimed using (id) order by o.id`,
)

/** The tables, for a function's first migration. Sent rows stay, so that read models can be rebuilt from them. */
export const outboxTables = `
  create table outbox (
    id uuid primary key,
    aggregatetype varchar(255) not null,
    aggregateid varchar(255) not null,
    type varchar(255) not null,
    payload jsonb not null,
    created_at timestamptz not null default now(),
    correlationid text not null,
    traceparent text not null
  );
  create table outbox_unsent (
    id uuid primary key,
    -- a new row is on its way already: only one that is still here after a while was left behind
    due_at timestamptz not null default now() + interval '10 s'
  );`
