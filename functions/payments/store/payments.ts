import type { Payment } from '../../../contracts/payments.ts'
import { statement, type Sql } from '../../_runtime/database.ts'

/** A payment as the contract shows it, in SQL: answers and events say the same. Null while there is no amount. */
export const paymentJson = (p: string): string => `
  case when ${p}.amount_minor is not null then jsonb_build_object(
    'id', ${p}.id, 'orderId', ${p}.order_id, 'status', ${p}.status,
    'amount', jsonb_build_object('amountMinor', ${p}.amount_minor, 'currency', ${p}.currency),
    'refunded', jsonb_build_object('amountMinor', ${p}.refunded_minor, 'currency', ${p}.currency),
    'method', ${p}.method, 'reason', ${p}.reason,
    'nextAction', case when ${p}.next_action_url is not null
      then jsonb_build_object('url', ${p}.next_action_url) end,
    'createdAt', to_char(${p}.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  ) end`

export type PaymentRow = {
  /** Null where an order was voided before anything was charged. */
  payment: Payment | null
  status: Payment['status']
  payer_id: string | null
  attempt: number
  void_status: 'OPEN' | 'DONE' | null
  provider_reference: string | null
  refund_due_minor: string
  is_imported: boolean
  told_id: string | null
}

/** What is known of a payment beside what the contract shows. */
export const paymentFacts = (p: string): string => `
  ${p}.status, ${p}.payer_id, ${p}.attempt, ${p}.void_status, ${p}.provider_reference, ${p}.refund_due_minor,
  ${p}.is_imported, ${p}.told_id`

export const paymentColumns = (p: string): string =>
  `${paymentJson(p)} as payment, ${paymentFacts(p)}`

export async function findPaymentRow(sql: Sql, id: string): Promise<PaymentRow | undefined> {
  const [row] = await sql.query<PaymentRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'payment-find',
  `select ${paymentColumns('p')} from payments p where p.id = $1`,
)

/** Keeps others from changing the payment until the transaction ends. */
export async function lockPayment(tx: Sql, id: string): Promise<PaymentRow | undefined> {
  const [row] = await tx.query<PaymentRow>(lockStatement, [id])
  return row
}

const lockStatement = statement(
  'payment-lock',
  `select ${paymentColumns('p')} from payments p where p.id = $1 for update`,
)

export type Unsettled = {
  order_id: string
  attempt: number
  is_voided: boolean
  /** Nobody has to act first, and a charge that was on its way has arrived or never will. */
  is_overdue: boolean
}

/** Payments whose end is due to be asked for, each for one instance at a time. */
export const claimUnsettled = (sql: Sql, limit: number): Promise<Unsettled[]> =>
  sql.query<Unsettled>(claimStatement, [limit])

const claimStatement = statement(
  'payments-claim',
  `with due as (
     select id from payments
     where not is_imported and (status = 'PENDING' or void_status = 'OPEN') and check_at <= now()
     order by check_at limit $1 for update skip locked
   )
   update payments p
   set check_at = now() + case when p.next_action_url is null then interval '10 s' else interval '60 s' end
   from due where p.id = due.id
   returning p.order_id, p.attempt, p.void_status is not null as is_voided,
     p.next_action_url is null and p.pending_since < now() - interval '30 s' as is_overdue`,
)
