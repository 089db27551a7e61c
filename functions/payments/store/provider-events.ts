import { statement, type Sql } from '../../_runtime/database.ts'

export type ProviderEvent = { provider: string; id: string; type: string; parked: string | null }

/** True the first time; the row is written in the transaction of the event's effect. */
export async function isFirstEvent(tx: Sql, event: ProviderEvent): Promise<boolean> {
  const { provider, id, type, parked } = event
  const rows = await tx.query(insertStatement, [provider, id, type, parked])
  return rows.length === 1
}

const insertStatement = statement(
  'provider-event-insert',
  `insert into provider_events (provider, id, type, parked) values ($1, $2, $3, $4)
   on conflict do nothing returning 1`,
)
