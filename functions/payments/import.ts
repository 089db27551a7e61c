import { statement, type Sql } from '../_runtime/database.ts'

/** The row of a data set as it came, and what is odd about it. */
type Imported = { row: Record<string, string>; flags: string[] }

/** A payment of a data set. It is history: nobody asks a provider about it and nothing goes back. */
export type ImportedPayment = {
  id: string
  externalId: string
  orderId: string
  payerId: string
  amountMinor: number
  currency: string
  method: string
  status: string
  reference: string
  createdAt: string
  imported: Imported
}

/** Writes the payments that are not there yet; gives the ids that exist by now. Another payment of the order keeps one out. */
export async function importPayments(sql: Sql, payments: ImportedPayment[]): Promise<Set<string>> {
  const rows = await sql.query<{ id: string }>(insertStatement, [
    payments.map(({ id }) => id),
    payments.map(({ externalId }) => externalId),
    payments.map(({ orderId }) => orderId),
    payments.map(({ payerId }) => payerId),
    payments.map(({ amountMinor }) => amountMinor),
    payments.map(({ currency }) => currency),
    payments.map(({ method }) => method),
    payments.map(({ status }) => status),
    payments.map(({ reference }) => reference),
    payments.map(({ createdAt }) => createdAt),
    payments.map(({ imported }) => JSON.stringify({ ...imported, version: 1 })),
  ])
  return new Set(rows.map(({ id }) => id))
}

const insertStatement = statement(
  'import-payments',
  `with asked as (
     select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[],
       $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::jsonb[])
       as a (id, external_id, order_id, payer_id, amount_minor, currency, method, status,
         provider_reference, created_at, imported)
   ), written as (
     insert into payments (id, external_id, order_id, payer_id, amount_minor, currency, method, status,
       provider_reference, refunded_minor, check_at, pending_since, created_at, is_imported, imported)
     select id, external_id, order_id, payer_id, amount_minor, currency, method, status,
       provider_reference, case when status = 'REFUNDED' then amount_minor else 0 end, created_at,
       created_at, created_at, true, imported
     from asked on conflict do nothing returning id
   )
   select id from written union select p.id from payments p join asked a using (id)`,
)

/** What the payments among these ids came from. */
export const findImportedPayments = (
  sql: Sql,
  ids: string[],
): Promise<{ id: string; imported: Imported }[]> =>
  sql.query<{ id: string; imported: Imported }>(knownStatement, [ids])

const knownStatement = statement(
  'import-payments-known',
  `select id, imported from payments where id = any($1::uuid[]) and is_imported`,
)
