import { databaseOwners, type FunctionName } from '../../../contracts/functions.ts'
import { observable } from '../../../contracts/observable.ts'
import type { Market } from '../market.ts'

/** Not what anybody did: what is being sent, who is being forgotten, and when a key was last shown. */
const passing = ['outbox_unsent', 'inbox', 'erasures']
const column = 'used_at'

/** A fingerprint of every table of a function, by its name. */
export async function rowsOf(market: Market, name: FunctionName): Promise<Record<string, string>> {
  const tables = await market.sql(
    name,
    'select table_name as name from information_schema.tables where table_schema = current_schema()',
  )
  const each = tables
    .filter(({ name: table }) => !passing.includes(table))
    .map(
      ({ name: table }) =>
        `select '${table}' as name, count(*) || ' ' || coalesce(md5(string_agg(row, '' order by row)), '') as hash
         from (select (to_jsonb(t) - '${column}')::text as row from "${table}" t) rows`,
    )
  const rows = await market.sql(name, each.join(' union all '))
  return Object.fromEntries(rows.map(({ name: table, hash }) => [table, hash]))
}

export async function allRows(market: Market): Promise<Record<string, unknown>> {
  const all = await Promise.all(
    databaseOwners.map(async (name) => [name, await rowsOf(market, name)] as const),
  )
  return Object.fromEntries(all)
}

/** Waits until nothing is on its way and no row has changed for a moment. */
export async function quiet(market: Market): Promise<void> {
  let before = ''
  for (let tries = 0; tries < 200; tries++) {
    const unsent = await Promise.all(
      databaseOwners
        .filter((name) => 'outbox_unsent' in (observable[name] ?? {}))
        .map((name) => market.sql(name, 'select from outbox_unsent')),
    )
    const now = JSON.stringify(await allRows(market))
    if (now === before && unsent.flat().length === 0) return
    before = now
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new Error('the system does not come to rest')
}
