import { transitions, type Phase } from '../../functions/orders/saga.ts'
import type { Count, Statement } from './statements.ts'

/** The states that an order may be in once this was told of it. */
const told: Record<string, Phase[]> = {
  'dev.boxoffice.order.confirmed.v1': ['CONFIRMED'],
  'dev.boxoffice.order.failed.v1': ['FAILED'],
  'dev.boxoffice.order.cancelled.v1': ['EXPIRED', 'CANCELLED'],
  'dev.boxoffice.order.refunded.v1': ['CONFIRMED', 'REFUNDED'],
}
const types = Object.keys(told)

/** Where the saga's table leads from a phase. That nothing moved is never told. */
function reachable(from: Phase, found = new Set<Phase>()): Set<Phase> {
  for (const { from: here, to } of transitions)
    if (here === from && to !== from && !found.has(to)) reachable(to, found.add(to))
  return found
}

const mayFollow = (before: Phase[], after: Phase[]) =>
  before.some((from) => after.some((to) => reachable(from).has(to)))

/** What may be told of an order after what; from nothing, only what PENDING leads to without having been sold. */
const sequences = types.flatMap((next) => [
  ...types
    .filter((before) => mayFollow(told[before] ?? [], told[next] ?? []))
    .map((before) => `${before} ${next}`),
  ...(next.includes('.refunded.') ? [] : [` ${next}`]),
])

/** REFUNDING is not told of: only that it ended is. */
const standings = types.flatMap((type) =>
  [...(told[type] ?? []), ...(told[type]?.includes('CONFIRMED') ? ['REFUNDING'] : [])].map(
    (status) => `${type} ${status}`,
  ),
)

const ended = `('CONFIRMED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED')`

/** I3, I10 and I11: what the database of orders alone shows. */
export const orderStatements: Statement[] = [
  {
    title: 'lines belong to no order',
    from: 'orders',
    sql: `select l.order_id, array_agg(l.seat_id) as seat_ids from order_lines l
      left join orders o on o.id = l.order_id where o.id is null group by l.order_id`,
  },
  {
    title: 'an order left an end',
    from: 'orders',
    sql: `select order_id, before, type as after from (
        select aggregateid as order_id, type,
          coalesce(lag(type) over (partition by aggregateid order by created_at, id), '') as before
        from outbox where aggregatetype = 'order' and type = any($1)
      ) t where before || ' ' || type <> all($2)`,
    values: [types, sequences],
  },
  {
    title: 'an order is in another state than was told',
    from: 'orders',
    sql: `select o.id as order_id, o.status, t.type as told from orders o left join (
        select distinct on (aggregateid) aggregateid::uuid as order_id, type from outbox
        where aggregatetype = 'order' and type = any($1) order by aggregateid, created_at desc, id desc
      ) t on t.order_id = o.id
      where not o.is_imported and case when t.type is null then o.status in ${ended}
        else t.type || ' ' || o.status <> all($2) end`,
    values: [types, standings],
  },
  {
    title: 'an order is in a state that cannot be',
    from: 'orders',
    sql: `select id as order_id, status, closing, confirmed_at, total_minor, refunded_minor from orders
      where not is_imported and (
        (closing is not null and status not in ('PENDING', 'HELD', 'PAID'))
        or (status in ('CONFIRMED', 'REFUNDING', 'REFUNDED')) <> (confirmed_at is not null)
        or (status = 'REFUNDED' and refunded_minor <> total_minor))`,
  },
  {
    title: 'a key has more than one order',
    from: 'orders',
    sql: `select caller_id || ' ' || key as caller_and_key, array_agg(order_id) as order_ids
      from kept_answers group by caller_id, key having count(*) > 1`,
  },
  {
    title: 'an order has no key',
    from: 'orders',
    sql: `select o.id as order_id, o.status from orders o
      where not o.is_imported and o.created_at > now() - interval '24 h'
        and not exists (select from kept_answers k where k.order_id = o.id)`,
  },
  {
    title: 'an order came to its end and no answer is kept',
    from: 'orders',
    sql: `select o.id as order_id, o.status from orders o join kept_answers k on k.order_id = o.id
      where o.status in ${ended} and k.status is null`,
  },
  {
    title: 'an answer tells of an order that is not there',
    from: 'orders',
    sql: `select k.order_id, k.status as answered from kept_answers k
      where not exists (select from orders o where o.id = k.order_id)`,
  },
]

export const paymentStatements: Statement[] = [
  {
    title: 'a payment is in a state that cannot be',
    from: 'payments',
    sql: `select id as payment_id, order_id, status, amount_minor, refunded_minor from payments
      where not is_imported and case status
        when 'SUCCESS' then amount_minor is null or refunded_minor <> 0
        when 'PARTIALLY_REFUNDED' then refunded_minor = 0 or refunded_minor >= amount_minor
        when 'REFUNDED' then refunded_minor <> amount_minor
        else refunded_minor <> 0 end`,
  },
]

export const orderCounts: Count[] = (['I3', 'I10', 'I11'] as const).map((invariant) => ({
  invariant,
  from: 'orders',
  sql: `select count(*) filter (where not is_imported) as rows,
    count(*) filter (where is_imported) as imported from orders`,
}))
