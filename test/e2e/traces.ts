import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { databaseOwners, type FunctionName } from '../../contracts/functions.ts'
import type { Market } from './market.ts'

/**
 * Where a text about a person can be read: `users.users.name` for a column, `broker/appendonlydir/…` for a file of
 * the data folder. Case does not matter; bytes are looked through too, as they are and as hexadecimal digits.
 */
export async function tracesOf(market: Market, texts: string[]): Promise<string[]> {
  const wanted = texts.flatMap((text) => {
    const lower = text.toLowerCase()
    return [...new Set([text, lower].map((one) => Buffer.from(one).toString('hex'))), lower]
  })
  const isTrace = (text: string) => wanted.some((one) => text.toLowerCase().includes(one))
  const found = new Set<string>()
  for (const owner of databaseOwners)
    for (const { table, column, value } of await valuesOf(market, owner))
      if (isTrace(value)) found.add(`${owner}.${table}.${column}`)
  // Redis appends to a file whatever it is told, also what it has forgotten since. Postgres was asked above.
  for (const file of globSync('{redis,broker,logs,bank}/**', { cwd: market.folder }))
    if (statSync(join(market.folder, file)).isFile())
      if (isTrace(readFileSync(join(market.folder, file), 'latin1'))) found.add(file)
  return [...found].toSorted()
}

/** Every value in a database that is not null. */
export async function valuesOf(market: Market, owner: FunctionName) {
  const tables = await market.sql(owner, tablesQuery)
  const values = await Promise.all(
    tables.map(({ name }) =>
      market.sql(
        owner,
        `select '${name}' as "table", c.name as "column", c.value
         from "${name}" t, jsonb_each_text(to_jsonb(t)) as c (name, value) where c.value is not null`,
      ),
    ),
  )
  return values.flat() as { table: string; column: string; value: string }[]
}

const tablesQuery = `
  select relname as name from pg_class
  where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') order by relname`
