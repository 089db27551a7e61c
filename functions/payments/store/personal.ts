import type { OpenMatter } from '../../../contracts/personal-data.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { nobody } from '../../_runtime/personal-data.ts'

const isOpen = `(not p.is_imported
  and (p.status = 'PENDING' or p.void_status is not distinct from 'OPEN' or p.refund_due_minor > 0))`

export const shownKinds = {
  payments: statement(
    'personal-payments',
    `select p.id, p.order_id as "orderId", p.amount_minor::float8 as "amountMinor", p.currency, p.method,
       p.status, p.reason, p.provider, p.provider_reference as "providerReference",
       p.refunded_minor::float8 as "refundedMinor", p.created_at as "createdAt", p.imported
     from payments p where p.payer_id = $1 order by p.created_at desc, p.id limit $2`,
  ),
  intents: statement(
    'personal-intents',
    `select id, order_id as "orderId", amount_minor::float8 as "amountMinor", currency, attempts,
       created_at as "createdAt"
     from intents where payer_id = $1 order by created_at desc, id limit $2`,
  ),
}

export const findOpen = (sql: Sql, userId: string): Promise<OpenMatter[]> =>
  sql.query<OpenMatter>(openStatement, [userId])

const openStatement = statement(
  'personal-open',
  `select 'payment' as what, p.id from payments p where p.payer_id = $1 and ${isOpen}
   order by p.created_at limit 100`,
)

/** Takes the payer out of his payments that are settled, and of the intents that led to them. */
export const forgetPayer = (sql: Sql, userId: string) => sql.query(forgetStatement, [userId])

const forgetStatement = statement(
  'personal-forget',
  `with forgotten as (
     update payments p set payer_id = null, next_action_url = null
     where p.payer_id = $1 and not ${isOpen}
   )
   update intents i set payer_id = '${nobody}'
   where i.payer_id = $1
     and not exists (select from payments p where p.order_id = i.order_id and ${isOpen})`,
)
