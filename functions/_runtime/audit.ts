import type { AuditEntry, AuditRoute } from '../../contracts/audit.ts'
import type { z } from 'zod'
import type { App, AppParts } from './app.ts'
import { current } from './context.ts'
import { statement, type Database, type Sql } from './database.ts'
import { newId } from './ids.ts'
import { on } from './on.ts'

/** What was done, to whom or what, and what changed; never a name, an address or another thing about a person. */
export type Act = {
  /** `<thing>.<verb>`, as `user.ban`. */
  act: string
  subject: string
  before?: Record<string, unknown>
  after?: Record<string, unknown>
  reason?: string
}

/**
 * Writes down what an admin does, in the transaction in which he does it: neither happens without the other.
 * The table refuses every update and delete.
 */
export async function recordAct(
  tx: Sql,
  actorId: string,
  { act, subject, before, after, reason }: Act,
): Promise<void> {
  await tx.query(insertStatement, [
    newId(),
    actorId,
    act,
    subject,
    before && JSON.stringify(before),
    after && JSON.stringify(after),
    reason,
    current().correlationId,
  ])
}

const insertStatement = statement(
  'audit-insert',
  `insert into audit_log (id, actor_id, act, subject, before, after, reason, correlation_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8)`,
)

/** Binds the route with which admins read the log of a function. */
export function auditRoute(app: App, deps: AppParts & { database: Database }, route: AuditRoute) {
  on(app, deps, route, async (c, { query }) => {
    const { page, size } = query
    return c.json({ ...(await listActs(deps.database, query)), page, size })
  })
}

export type ActFilter = z.output<AuditRoute['query']>

/** One page of the log, newest first, and how many match. */
export async function listActs(
  sql: Sql,
  { page, size, actorId, subject, act, from, to }: ActFilter,
): Promise<{ items: AuditEntry[]; total: number }> {
  const values = [actorId, subject, act, from, to, size, (page - 1) * size]
  const rows = await sql.query<Counted>(listStatement, values)
  const items = rows.filter((row): row is Row & Total => row.id !== null).map(present)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

type Row = {
  id: string
  at: Date
  actor_id: string
  act: string
  subject: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  reason: string | null
  correlation_id: string
}
type Total = { total: string }
/** A page past the end still has one row, for the count. */
type Counted = (Row | { id: null }) & Total

const listStatement = statement(
  'audit-list',
  `with matching as (
     select * from audit_log
     where ($1::uuid is null or actor_id = $1) and ($2::text is null or subject = $2)
       and ($3::text is null or act = $3) and ($4::timestamptz is null or at >= $4)
       and ($5::timestamptz is null or at <= $5)
   ), page as (
     select * from matching order by at desc, id desc limit $6 offset $7
   )
   select c.total, p.* from (select count(*) as total from matching) c left join page p on true
   order by p.at desc, p.id desc`,
)

const present = (row: Row): AuditEntry => ({
  id: row.id,
  at: row.at.toISOString(),
  actorId: row.actor_id,
  act: row.act,
  subject: row.subject,
  before: row.before,
  after: row.after,
  reason: row.reason,
  correlationId: row.correlation_id,
})

/** The table, for a migration. Whoever wants to change a row has to take the trigger away first. */
export const auditTable = `
  create table audit_log (
    id uuid primary key,
    at timestamptz not null default clock_timestamp(),
    actor_id uuid not null,
    act text not null,
    subject text not null,
    before jsonb,
    after jsonb,
    reason text,
    correlation_id text not null
  );
  create index audit_log_at on audit_log (at, id);
  create index audit_log_subject on audit_log (subject, at);
  create index audit_log_actor on audit_log (actor_id, at);
  create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'the audit log is only added to' using errcode = 'object_not_in_prerequisite_state';
    end $$;
  create trigger audit_log_is_only_added_to before update or delete or truncate on audit_log
    for each statement execute function refuse_change();`
