import type { OutboxRow } from '../../_runtime/broker.ts'
import { statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { outboxColumns, outboxInsert } from '../../_runtime/outbox.ts'
import type { Order } from '../order.ts'
import { isSettled } from '../saga.ts'

/**
 * Seconds from now; or the longer apart the older the order is (2 to 60 s); or a minute after its hold should be
 * over. All by this database's clock, and only about when to look: seating judges the hold.
 */
export type Due = number | 'backing-off' | 'after-hold'

/** The next state of an order, with all that must become true together with it. */
export type Step = {
  order: Order
  /** The version that it was read with: whoever comes second changes nothing. */
  fromVersion: number
  /** When the sweep takes it up; null when nothing is left to do. */
  due: Due | null
  /** Kept for a repeated request, unless one was kept before. */
  answer: { status: number; headers: Record<string, string>; body: string } | null
  told: OutboxRow | null
}

/** Stored; or not, because somebody else moved the order first; or because its event was cancelled meanwhile. */
export type Stored = 'stored' | 'moved' | 'event-cancelled'

/** Writes the next states of the orders of the moment in one statement: state, kept answer, event. */
export const createSettle = (sql: Sql) =>
  merged((steps: Step[]) => settleAll(sql, steps), {
    keys: ({ order }) => [order.id],
    mayRetry: wasRolledBack,
  })

async function settleAll(sql: Sql, steps: Step[]): Promise<Stored[]> {
  const orders = steps.map(({ order }) => order)
  const rows = await sql.query<{ id: string; outcome: Stored }>(settleStatement, [
    orders.map(({ id }) => id),
    steps.map(({ fromVersion }) => fromVersion),
    orders.map(({ status }) => status),
    orders.map(({ closing }) => closing),
    orders.map(({ reason }) => reason),
    orders.map(({ payment }) => payment?.id ?? null),
    orders.map(({ payment }) => payment?.status ?? null),
    orders.map(({ payment }) => payment?.nextActionUrl ?? null),
    orders.map(({ refundedMinor }) => refundedMinor),
    orders.map(({ confirmedAt }) => confirmedAt),
    orders.map((order) => isSettled(order)),
    steps.map(({ due }) => due),
    steps.map(({ answer }) => answer?.status ?? null),
    steps.map(({ answer }) => answer && JSON.stringify(answer.headers)),
    steps.map(({ answer }) => answer?.body ?? null),
    steps.map(({ told }) => told?.id ?? null),
    ...outboxColumns(steps.flatMap(({ told }) => (told ? [told] : []))),
  ])
  const outcomes = new Map(rows.map(({ id, outcome }) => [id, outcome]))
  return orders.map(({ id }) => outcomes.get(id) ?? 'moved')
}

const settleStatement = statement(
  'order-settle',
  `with asked as (
     select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[],
       $8::text[], $9::bigint[], $10::timestamptz[], $11::boolean[], $12::text[], $13::int[], $14::text[],
       $15::text[], $16::uuid[])
       as a (id, version, status, closing, reason, payment_id, payment_status, next_action_url, refunded_minor,
         confirmed_at, is_settled, due, answer_status, answer_headers, answer_body, outbox_id)
   ), blocked as (
     select a.id from asked a join orders o on o.id = a.id join events e on e.id = o.event_id
     where a.status = 'CONFIRMED' and o.status <> 'CONFIRMED' and e.status = 'CANCELLED'
   ), changed as (
     update orders o set status = a.status, closing = a.closing, reason = a.reason,
       payment_id = a.payment_id, payment_status = a.payment_status, next_action_url = a.next_action_url,
       refunded_minor = a.refunded_minor,
       confirmed_at = coalesce(o.confirmed_at, a.confirmed_at),
       confirmed_outbox_id =
         case when a.status = 'CONFIRMED' then coalesce(a.outbox_id, o.confirmed_outbox_id)
           else o.confirmed_outbox_id end,
       means = case when a.is_settled then null else o.means end,
       choice = case when a.is_settled then null else o.choice end,
       due_at = case a.due
         when 'backing-off' then
           now() + least(interval '30 s', greatest(interval '2 s', (now() - o.created_at) / 4))
         when 'after-hold' then greatest(now(), o.hold_expires_at) + interval '60 s'
         else now() + make_interval(secs => a.due::float8) end,
       version = o.version + 1
     from asked a
     where o.id = a.id and o.version = a.version and a.id not in (select id from blocked)
     returning o.id, a.answer_status, a.answer_headers, a.answer_body
   ), answered as (
     update kept_answers k set status = c.answer_status, headers = c.answer_headers, body = c.answer_body
     from changed c
     where k.order_id = c.id and k.status is null and c.answer_status is not null
   ), ${outboxInsert(17, 'where o.aggregateid::uuid = any(array(select id from changed))')}
   select id, 'stored' as outcome from changed union all select id, 'event-cancelled' from blocked`,
)
