import type { Payment } from '../../../contracts/payments.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import type { OutboxRow } from '../../_runtime/broker.ts'
import { tellNews } from './news.ts'
import { paymentJson } from './payments.ts'

export type DueRefund = {
  id: string
  payment_id: string
  amount_minor: string
  currency: string
  status: 'PENDING' | 'SUCCESS'
  /** The provider's name of the charge that it belongs to. */
  provider_reference: string
}

const refundColumns = `r.id, r.payment_id, r.amount_minor, r.status, p.currency, p.provider_reference`

export async function findRefund(sql: Sql, id: string): Promise<DueRefund | undefined> {
  const [row] = await sql.query<DueRefund>(findStatement, [id])
  return row
}

const findStatement = statement(
  'refund-find',
  `select ${refundColumns} from refunds r join payments p on p.id = r.payment_id where r.id = $1`,
)

/**
 * Sets money of a payment aside that will go back. The payment must be locked. The check on payments has the
 * last word: not more than came.
 */
export const insertRefund = (
  tx: Sql,
  refund: { id: string; paymentId: string; amountMinor: number },
): Promise<unknown> => tx.query(insertStatement, [refund.id, refund.paymentId, refund.amountMinor])

const insertStatement = statement(
  'refund-insert',
  `with due as (
     update payments set refund_due_minor = refund_due_minor + $3::bigint, version = version + 1
     where id = $2
   )
   insert into refunds (id, payment_id, amount_minor) values ($1, $2, $3::bigint)`,
)

/** The refunds of a payment that the provider has not yet confirmed. */
export const dueRefundsOf = (sql: Sql, paymentId: string): Promise<DueRefund[]> =>
  sql.query<DueRefund>(dueOfStatement, [paymentId])

const dueOfStatement = statement(
  'refunds-due-of',
  `select ${refundColumns} from refunds r join payments p on p.id = r.payment_id
   where r.payment_id = $1 and r.status = 'PENDING' order by r.id`,
)

/**
 * The money of a refund has gone back: the payment says so, and, where it is all of it, so does a void that
 * waited for it. Undefined where that was known before.
 */
export async function finishRefund(
  sql: Sql,
  refundId: string,
  { id, correlationid, traceparent }: Pick<OutboxRow, 'id' | 'correlationid' | 'traceparent'>,
  isAwaited: boolean,
): Promise<Payment | undefined> {
  const values = [refundId, id, correlationid, traceparent, isAwaited]
  const [row] = await sql.query<{ payment: Payment }>(finishStatement, values)
  return row?.payment
}

const finishStatement = statement(
  'refund-finish',
  `with done as (
     update refunds set status = 'SUCCESS' where id = $1 and status = 'PENDING'
     returning payment_id, amount_minor
   ), moved as (
     update payments p set
       refunded_minor = p.refunded_minor + d.amount_minor,
       refund_due_minor = p.refund_due_minor - d.amount_minor,
       status = case when p.refunded_minor + d.amount_minor = p.amount_minor
         then 'REFUNDED' else 'PARTIALLY_REFUNDED' end,
       void_status = case when p.void_status is not null
         and p.refunded_minor + d.amount_minor = p.amount_minor then 'DONE' else p.void_status end,
       version = p.version + 1
     from done d where p.id = d.payment_id
     returning p.*
   ), news as (
     select $2::uuid as id, m.id as payment_id, 'dev.boxoffice.payment.refunded.v1' as type,
       ${paymentJson('m')} as payload, $3::text as correlationid, $4::text as traceparent,
       $5::boolean as is_awaited
     from moved m
   ), ${tellNews}
   select payload as payment from news`,
)

/** Refunds that are due to be asked for again, each for one instance at a time, again after a twentieth of their age. */
export const claimRefunds = (sql: Sql, limit: number): Promise<DueRefund[]> =>
  sql.query<DueRefund>(claimStatement, [limit])

const claimStatement = statement(
  'refunds-claim',
  `with due as (
     select id from refunds where status = 'PENDING' and due_at <= now()
     order by due_at limit $1 for update skip locked
   ), r as (
     update refunds u set tries = u.tries + 1,
       due_at = now() + least(interval '10 min', greatest(interval '5 s', (now() - u.created_at) / 20))
     from due where u.id = due.id
     returning u.*
   )
   select ${refundColumns} from r join payments p on p.id = r.payment_id`,
)
