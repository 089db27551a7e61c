import type { Payment } from '../../../contracts/payments.ts'
import type { Money } from '../../../contracts/primitives.ts'
import { statement, type Sql } from '../../_runtime/database.ts'
import { paymentJson } from './payments.ts'

export type IntentRow = {
  id: string
  order_id: string
  payer_id: string
  amount_minor: string
  currency: string
  attempts: number
  is_closed: boolean
  payment: Payment | null
  /** The attempt that the payment's status belongs to. */
  attempt: number | null
}

const intentColumns = `
  i.id, i.order_id, i.payer_id, i.amount_minor, i.currency, i.attempts,
  i.is_closed or p.void_status is not null as is_closed, ${paymentJson('p')} as payment, p.attempt`

/** Writes an intent down; one that is there already, by its id or its order, stays as it is. */
export async function insertIntent(
  sql: Sql,
  intent: { id: string; orderId: string; payerId: string; amount: Money },
): Promise<void> {
  const { id, orderId, payerId, amount } = intent
  await sql.query(insertStatement, [id, orderId, payerId, amount.amountMinor, amount.currency])
}

const insertStatement = statement(
  'intent-insert',
  `insert into intents (id, order_id, payer_id, amount_minor, currency) values ($1, $2, $3, $4, $5)
   on conflict do nothing`,
)

export async function findIntent(sql: Sql, id: string): Promise<IntentRow | undefined> {
  const [row] = await sql.query<IntentRow>(findStatement, [id])
  return row
}

const findStatement = statement(
  'intent-find',
  `select ${intentColumns} from intents i left join payments p on p.order_id = i.order_id
   where i.id = $1`,
)

export async function findIntentOfOrder(sql: Sql, orderId: string): Promise<IntentRow | undefined> {
  const [row] = await sql.query<IntentRow>(ofOrderStatement, [orderId])
  return row
}

const ofOrderStatement = statement(
  'intent-of-order',
  `select ${intentColumns} from intents i left join payments p on p.order_id = i.order_id
   where i.order_id = $1`,
)

/**
 * Opens the attempt after `attempt`, unless another request did so already or the intent is closed. It is
 * written before the provider hears of it, so that a void knows every key there may be.
 */
export const openNextAttempt = (sql: Sql, id: string, attempt: number): Promise<unknown> =>
  sql.query(nextStatement, [id, attempt])

const nextStatement = statement(
  'intent-next-attempt',
  `update intents set attempts = attempts + 1 where id = $1 and attempts = $2 and not is_closed`,
)
