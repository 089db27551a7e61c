import type { EventType } from '../../../contracts/events.ts'
import { isUniqueViolation, statement, wasRolledBack, type Sql } from '../../_runtime/database.ts'
import { merged } from '../../_runtime/merge.ts'
import { tellNews } from './news.ts'
import { paymentFacts, paymentJson, type PaymentRow } from './payments.ts'

/** What is known of a payment, from whichever side it was learnt. Named as its columns. */
export type Settlement = {
  payment_id: string
  order_id: string
  payer_id: string | null
  amount_minor: number | null
  currency: string | null
  method: string | null
  status: 'PENDING' | 'SUCCESS' | 'FAILED'
  attempt: number
  provider: string
  provider_reference: string | null
  reason: string | null
  next_action_url: string | null
  is_awaited: boolean
  /** The id of the outbox row, should there be something to tell. */
  told_id: string
  correlationid: string
  traceparent: string
  /** Where it was learnt from a webhook: taken once for ever. */
  event_id: string | null
  event_type: string | null
}

/** The payment afterwards: as it was asked for, or as something that counts more had left it before. */
export type SettledRow = PaymentRow & {
  is_awaited: boolean
  /** This settlement is what the row says now. */
  is_changed: boolean
  /** What was written to the outbox, and is published where `is_awaited`. */
  told_type: EventType | null
}

/**
 * What races here: the answer to a charge, the webhook about it, the sweep that asked again, a void, and all
 * of them twice. Each comes with what the provider said at some moment, in no order. Which of them counts is
 * decided by one rule (`counts`), under the lock of the one row that an order has: success counts more than
 * anything not yet successful; a later attempt more than an earlier one; an end more than waiting. Nothing
 * here undoes a success or a refund. The loser gets the row as it stands and answers with that.
 *
 * All settlements of the same moment go in one statement.
 */
export const createSettle = (sql: Sql) => {
  const settle = merged((all: Settlement[]) => settleAll(sql, all), {
    keys: ({ order_id }) => [order_id],
    mayRetry: wasRolledBack,
  })
  return (one: Settlement): Promise<SettledRow | undefined> =>
    settle(one).catch((err: unknown) => {
      // Two first settlements of one order, in two statements: the second finds the row once it is there.
      if (isUniqueViolation(err)) return settle(one)
      throw err
    })
}

async function settleAll(sql: Sql, all: Settlement[]): Promise<(SettledRow | undefined)[]> {
  const rows = await sql.query<KnownRow>(settleStatement, [
    JSON.stringify(all),
    all.map(({ told_id }) => told_id),
    all.map(({ correlationid }) => correlationid),
    all.map(({ traceparent }) => traceparent),
  ])
  const known = new Map(rows.map((row) => [row.order_id, row]))
  return all.map(({ order_id, told_id }) => {
    // Postgres has one spelling of an id, who asks may have another.
    const row = known.get(order_id.toLowerCase())
    return row && { ...row, is_changed: row.told_id === told_id }
  })
}

type KnownRow = Omit<SettledRow, 'is_changed'> & { order_id: string }

/** `n` is what was learnt, `p` the row as it stands. */
const counts = (n: string) => `(not p.is_imported and (
  (${n}.status = 'SUCCESS' and p.status in ('PENDING', 'FAILED'))
  or (${n}.status <> 'SUCCESS' and p.void_status is null and (
    (p.status in ('PENDING', 'FAILED') and ${n}.attempt > p.attempt)
    or (p.status = 'PENDING' and ${n}.attempt = p.attempt)))))`

/** The saga begins to wait for a payment that has its end already: it is told after all. */
const isAskedFor = (n: string) => `(not p.is_imported and ${n}.is_awaited and not p.is_awaited)`

/** Only the provider had told of the payment, or only a void. */
const fills = (n: string) => `(p.payer_id is null and ${n}.payer_id is not null)`

const changed = (column: string, value = `excluded.${column}`) =>
  `${column} = case when ${counts('excluded')} then ${value} else p.${column} end`

/** What the news of a payment's end is called. */
const newsType = (m: string) => `'dev.boxoffice.payment.' || case
  when ${m}.void_status is null and ${m}.status in ('SUCCESS', 'PARTIALLY_REFUNDED')
  then 'succeeded' else 'failed' end || '.v1'`

const settleStatement = statement(
  'payment-settle',
  `with asked as (
     select * from json_to_recordset($1::json) as a (
       payment_id uuid, order_id uuid, payer_id uuid, amount_minor bigint, currency text, method text,
       status text, attempt int, provider text, provider_reference text, reason text,
       next_action_url text, is_awaited boolean, told_id uuid, event_id text, event_type text)
   ), first as (
     insert into provider_events (provider, id, type)
     select provider, event_id, event_type from asked where event_id is not null order by event_id
     on conflict do nothing returning id
   ), moved as (
     insert into payments as p (id, order_id, payer_id, amount_minor, currency, method, status,
       attempt, provider, provider_reference, reason, next_action_url, is_awaited, told_id, check_at)
     select n.payment_id, n.order_id, n.payer_id, n.amount_minor, n.currency, n.method, n.status,
       n.attempt, n.provider, n.provider_reference, n.reason, n.next_action_url, n.is_awaited,
       n.told_id,
       now() + case when n.next_action_url is null then interval '5 s' else interval '60 s' end
     from asked n
     where (n.event_id is null or n.event_id in (select id from first))
       -- what changes nothing writes nothing: most webhooks tell what the answer said before
       and not exists (
         select from payments p where p.order_id = n.order_id
           and not (${counts('n')} or ${isAskedFor('n')} or ${fills('n')}))
     order by n.order_id
     on conflict (order_id) do update set
       ${changed('status')}, ${changed('attempt')}, ${changed('provider')}, ${changed('reason')},
       ${changed('check_at')},
       ${changed('provider_reference', 'coalesce(excluded.provider_reference, p.provider_reference)')},
       ${changed(
         'next_action_url',
         `case when excluded.status = 'PENDING'
            then coalesce(excluded.next_action_url, p.next_action_url) end`,
       )},
       ${changed('pending_since', 'case when excluded.attempt > p.attempt then now() else p.pending_since end')},
       -- money that came after all: the void goes on and gives it back
       ${changed('void_status', `case when excluded.status = 'SUCCESS' and p.void_status is not null then 'OPEN' else p.void_status end`)},
       told_id = case when ${counts('excluded')} or ${isAskedFor('excluded')}
         then excluded.told_id else p.told_id end,
       is_awaited = p.is_awaited or (excluded.is_awaited and not p.is_imported),
       payer_id = coalesce(p.payer_id, excluded.payer_id),
       amount_minor = coalesce(p.amount_minor, excluded.amount_minor),
       currency = coalesce(p.currency, excluded.currency),
       method = coalesce(p.method, excluded.method),
       version = p.version + 1
     -- as JSON once, for the news and for the answer
     returning p.*, ${paymentJson('p')} as payment
   ), open_intents as (
     select order_id from intents
     where not is_closed and order_id = any(array(
       select order_id from moved where status = 'FAILED' and void_status is null))
   ), news as (
     select m.told_id as id, m.id as payment_id, m.is_awaited, ${newsType('m')} as type,
       ($3::text[])[array_position($2::uuid[], m.told_id)] as correlationid,
       ($4::text[])[array_position($2::uuid[], m.told_id)] as traceparent,
       m.payment as payload
     from moved m
     where m.told_id = any($2::uuid[]) and m.status <> 'PENDING' and m.amount_minor is not null
       -- a void says itself what became of the money
       and not (m.void_status is not null and m.status = 'SUCCESS')
       -- the payer may try again
       and m.order_id <> all(array(select order_id from open_intents))
   ), ${tellNews}, known as (
     select * from moved
     union all
     select p.*, ${paymentJson('p')} from payments p where p.order_id = any(array(
       select order_id from asked where order_id <> all(array(select order_id from moved))))
   )
   select k.order_id, k.payment, ${paymentFacts('k')}, k.is_awaited,
     case when k.told_id = any(array(select id from told)) then ${newsType('k')} end as told_type
   from known k`,
)
