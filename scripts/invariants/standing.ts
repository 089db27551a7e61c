import { databaseOwners, type FunctionName } from '../../contracts/functions.ts'
import { observable } from '../../contracts/observable.ts'
import type { Times } from './holds.ts'
import type { Count, Statement } from './statements.ts'

const withOutbox = databaseOwners.filter((name) => observable[name]?.outbox)

/** Long enough for a purchase; the second look tells work that is on its way from work that stands. */
const young = `interval '60 s'`

/** I8, as far as a database alone shows it: what was told and is not sent. */
const unsentStatements: Statement[] = withOutbox.map((from) => ({
  title: 'a CloudEvent is not sent',
  from,
  sql: `select u.id as event_id, '${from}' as "from", o.type, o.aggregateid as subject, o.created_at, u.due_at
    from outbox_unsent u left join outbox o on o.id = u.id`,
  passes: true,
}))

/** I8: every CloudEvent of I12 that is dead is missing somewhere, too. */
export const unsentCounts: Count[] = withOutbox.map((from) => ({
  invariant: 'I8',
  from,
  sql: `select count(*) as rows, 0 as imported from outbox`,
}))

const standing = ({ holdSecondsMax, sweepSeconds }: Times): Statement[] => [
  {
    title: 'an order stands still',
    from: 'orders',
    // One that waits for its buyer may wait as long as its hold, and until the sweep that ends it.
    sql: `select id as order_id, status, closing, payment_status, due_at, created_at from orders
      where not is_imported and (status in ('PENDING', 'HELD', 'PAID', 'REFUNDING') or closing is not null)
        and created_at < now() - ${young}
        and not (status = 'HELD' and closing is null and payment_status = 'PENDING'
          and coalesce(hold_expires_at, now()) > now() - make_interval(secs => 60 + $1))`,
    values: [sweepSeconds],
    passes: true,
  },
  {
    title: 'a payment stands still',
    from: 'payments',
    // What becomes of a payment that waits for its payer is asked again by then, and its order voids it.
    sql: `select id as payment_id, order_id, status, void_status, pending_since from payments
      where not is_imported and (void_status = 'OPEN'
        or (status = 'PENDING' and pending_since < now() - make_interval(secs => $1)))`,
    values: [holdSecondsMax + sweepSeconds],
    passes: true,
  },
  {
    title: 'a refund stands still',
    from: 'orders',
    sql: `select id as refund_id, order_id, amount_minor, attempts, due_at, created_at from refunds
      where status = 'PENDING'`,
    passes: true,
  },
  {
    title: 'a refund stands still',
    from: 'payments',
    sql: `select r.id as refund_id, p.order_id, r.amount_minor, r.tries, r.due_at, r.created_at
      from refunds r join payments p on p.id = r.payment_id where r.status = 'PENDING'`,
    passes: true,
  },
  {
    title: 'a CloudEvent is dead',
    from: 'dead-letters',
    sql: `select id as dead_letter_id, function_name, type, source, event_id, code, died_at from dead_letters
      where state = 'DEAD'`,
  },
]

const lockStatement = (from: FunctionName): Statement => ({
  title: 'an advisory lock is held',
  from,
  sql: `select objid as lock, '${from}' as "from", pid from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  passes: true,
})

/** I8 and I12. */
export const standingStatements = (times: Times): Statement[] => [
  ...unsentStatements,
  ...standing(times),
  ...databaseOwners.map(lockStatement),
]

/** I15: what only the messages themselves show. */
export const messageStatements: Statement[] = [
  {
    title: 'something is told of in more than one message',
    from: 'notifications',
    sql: `select order_id, kind, order_version, array_agg(id) as message_ids from messages
      where order_id is not null group by order_id, kind, order_version having count(*) > 1`,
  },
  {
    title: 'a message was sent more than once',
    from: 'notifications',
    sql: `select message_id, count(*)::int as times from deliveries where outcome = 'SENT'
      group by message_id having count(*) > 1`,
  },
]

export const messageCounts: Count[] = [
  {
    invariant: 'I15',
    from: 'notifications',
    sql: 'select count(*) as rows, 0 as imported from messages',
  },
]
