import { isUniqueViolation, statement, type Sql } from '../../_runtime/database.ts'
import { tellNews } from './news.ts'
import { paymentColumns, paymentJson, type PaymentRow } from './payments.ts'

export type Begun = { attempts: number } & ((PaymentRow & { is_known: true }) | { is_known: false })

/**
 * From here on no charge of the order is answered with success, and its intent takes no further attempt. A
 * row stands for it even where nothing was charged, so that a charge that comes later meets it. Gives how
 * many attempts there may have been.
 */
export async function beginVoid(
  sql: Sql,
  order: { orderId: string; paymentId: string },
): Promise<Begun> {
  const begin = () => sql.query<Begun>(beginStatement, [order.orderId, order.paymentId])
  const [row] = await begin().catch((err: unknown) => {
    // The first charge of the order was written in the same moment: now its row is there.
    if (isUniqueViolation(err)) return begin()
    throw err
  })
  if (!row) throw new Error('a void gave no row')
  return row
}

const beginStatement = statement(
  'void-begin',
  `with closed as (
     update intents set is_closed = true where order_id = $1 returning attempts
   ), begun as (
     insert into payments as p (id, order_id, status, void_status, check_at)
     values ($2, $1, 'PENDING', 'OPEN', now() + interval '10 s')
     on conflict (order_id) do update
       -- what came and went back whole needs nothing more
       set void_status = case when p.status = 'REFUNDED' then 'DONE' else 'OPEN' end,
         check_at = excluded.check_at, version = p.version + 1
       where p.void_status is null and not p.is_imported
     returning p.*
   ), known as (
     select * from begun
     union all
     select * from payments where order_id = $1 and not exists (select from begun)
   )
   select coalesce(c.attempts, 1) as attempts, k.id is not null as is_known, ${paymentColumns('k')}
   from (values ($1::uuid)) as o (order_id)
     left join known k on k.order_id = o.order_id left join closed c on true`,
)

/**
 * Nothing was taken and nothing can be: the payment is FAILED for ever. False where money is with us after
 * all; then it stays open.
 */
export async function endVoid(
  sql: Sql,
  orderId: string,
  told: { id: string; correlationid: string; traceparent: string },
): Promise<boolean> {
  const { id, correlationid, traceparent } = told
  const rows = await sql.query(endStatement, [orderId, id, correlationid, traceparent])
  return rows.length === 1
}

const endStatement = statement(
  'void-end',
  `with ended as (
     update payments p set void_status = 'DONE', status = 'FAILED', next_action_url = null,
       reason = case when p.status = 'PENDING' then 'voided' else p.reason end,
       told_id = case when p.status = 'PENDING' then $2 else p.told_id end,
       version = p.version + 1
     where p.order_id = $1 and p.void_status is not null and p.status in ('PENDING', 'FAILED')
     returning p.*
   ), news as (
     select e.told_id as id, e.id as payment_id, 'dev.boxoffice.payment.failed.v1' as type,
       ${paymentJson('e')} as payload, $3::text as correlationid, $4::text as traceparent,
       -- who voids does not wait for an event
       false as is_awaited
     from ended e where e.told_id = $2 and e.amount_minor is not null
   ), ${tellNews}
   select id from ended`,
)

/** What the provider took for an order that is voided; the payment must be locked. */
export type Taken = {
  paymentId: string
  attempt: number
  provider: string
  reference: string
  amountMinor: number
  currency: string
  method: string
}

/** Writes down that money was taken for an order that is voided, if that was not known. */
export const noteTaken = (tx: Sql, taken: Taken): Promise<unknown> =>
  tx.query(takenStatement, [
    taken.paymentId,
    taken.attempt,
    taken.provider,
    taken.reference,
    taken.amountMinor,
    taken.currency,
    taken.method,
  ])

const takenStatement = statement(
  'void-taken',
  `update payments set status = 'SUCCESS', void_status = 'OPEN', reason = null,
     next_action_url = null, attempt = $2, provider = $3, provider_reference = $4,
     amount_minor = $5, currency = $6, method = $7, version = version + 1
   where id = $1 and status in ('PENDING', 'FAILED')`,
)
