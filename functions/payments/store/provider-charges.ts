import { statement, type Sql } from '../../_runtime/database.ts'

/** What stands under a key of a provider that forgets keys, or that has to be told of a charge in two steps. */
export type KeyMemory = {
  reference: string | null
  requestHash: string | null
  /** How often it was cancelled; above 0 nothing may be charged under it any more. */
  cancels: number
}

/** The memory of one provider's keys. Each call is one statement and gives what stands afterwards. */
export type KeyMemories = ReturnType<typeof createKeyMemories>

/**
 * What races here: two charges under one key, and a charge and a void. `claim` comes before any money can
 * move, `cancel` before the provider is told to cancel, and both write the same row. So either the charge
 * sees that it is cancelled and is not begun, or the void sees which charge it has to cancel.
 */
export const createKeyMemories = (sql: Sql, provider: string) => ({
  /** The first claim of a key stands for ever; `isFirst` says whether it was this one. */
  async claim(key: string, claimed: { reference: string; requestHash: string }) {
    const values = [provider, key, claimed.reference, claimed.requestHash]
    const [row] = await sql.query<Row & { is_first: boolean }>(claimStatement, values)
    if (!row) throw new Error('a key was claimed and is not there')
    return { ...memoryOf(row), isFirst: row.is_first }
  },

  async cancel(key: string): Promise<KeyMemory> {
    const [row] = await sql.query<Row>(cancelStatement, [provider, key])
    if (!row) throw new Error('a key was cancelled and is not there')
    return memoryOf(row)
  },

  async find(key: string): Promise<KeyMemory | undefined> {
    const [row] = await sql.query<Row>(findStatement, [provider, key])
    return row && memoryOf(row)
  },
})

type Row = { reference: string | null; request_hash: string | null; cancels: number }

const memoryOf = ({ reference, request_hash, cancels }: Row): KeyMemory => ({
  reference,
  requestHash: request_hash,
  cancels,
})

const claimStatement = statement(
  'provider-charge-claim',
  `insert into provider_charges as c (provider, key, reference, request_hash)
   values ($1, $2, $3, $4)
   on conflict (provider, key) do update set
     reference = coalesce(c.reference, excluded.reference),
     request_hash = coalesce(c.request_hash, excluded.request_hash)
   -- xmax is 0 where the row was inserted and not updated
   returning reference, request_hash, cancels, xmax = 0 as is_first`,
)

const cancelStatement = statement(
  'provider-charge-cancel',
  `insert into provider_charges as c (provider, key, cancels) values ($1, $2, 1)
   on conflict (provider, key) do update set cancels = c.cancels + 1
   returning reference, request_hash, cancels`,
)

const findStatement = statement(
  'provider-charge-find',
  `select reference, request_hash, cancels from provider_charges where provider = $1 and key = $2`,
)
