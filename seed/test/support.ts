import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withClient } from '../../compose/local/databases.ts'
import { databaseOwners } from '../../contracts/functions.ts'
import { endTesting, testDatabase } from '../../functions/_runtime/testing/services.ts'
import { migrationsOf } from '../../scripts/migrations.ts'
import { fileOf, type Name } from '../form.ts'
import type { Owner } from '../owners.ts'

/** A small set whose rows break every rule. */
export const dirty = join(import.meta.dirname, 'dirty')

/** The databases of all functions, empty, and a folder that goes with them. */
export async function openInstallation() {
  const urls = Object.fromEntries(
    await Promise.all(
      databaseOwners.map(
        async (name) => [name, await testDatabase(name, await migrationsOf(name))] as const,
      ),
    ),
  ) as Record<Owner, string>
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-seed-'))
  const keys = {
    users: randomBytes(32).toString('hex'),
    notifications: randomBytes(32).toString('hex'),
  }
  return {
    folder,
    urls,
    keys,
    databaseUrl: (name: Owner) => urls[name],
    reportsTo: join(folder, 'reports'),
    say() {},
    /** The first column of the first row. */
    look: (name: Owner, text: string, values: unknown[] = []): Promise<any> =>
      withClient(urls[name], async (client) => {
        const { rows } = await client.query<Record<string, unknown>>(text, values)
        return rows[0] && Object.values(rows[0])[0]
      }),
    /** A copy of a data set that a test may change. */
    copyOf(original: string) {
      const copy = mkdtempSync(join(folder, 'set-'))
      cpSync(original, copy, { recursive: true })
      const write = (name: Name, change: (text: string) => string) => {
        const file = join(copy, fileOf(name))
        writeFileSync(file, change(readFileSync(file, 'utf8')))
      }
      return { folder: copy, write }
    },
    clean: () => rmSync(folder, { recursive: true }),
    async close() {
      rmSync(folder, { recursive: true })
      await endTesting()
    },
  }
}

export type InstallationUnderTest = Awaited<ReturnType<typeof openInstallation>>

/** All rows of all tables of all functions, by table. */
export async function dumpOf({ urls }: InstallationUnderTest): Promise<Record<string, string[]>> {
  const dumps = await Promise.all(
    Object.entries(urls).map(([name, url]) =>
      withClient(url, async (client) => {
        const { rows: tables } = await client.query<{ table: string }>(
          'select tablename as table from pg_tables where schemaname = $1 order by 1',
          [name],
        )
        const found: [string, string[]][] = []
        for (const { table } of tables) {
          const { rows } = await client.query<{ row: string }>(
            `select to_jsonb(t)::text as row from "${table}" t order by 1`,
          )
          found.push([`${name}.${table}`, rows.map(({ row }) => row)])
        }
        return found
      }),
    ),
  )
  return Object.fromEntries(dumps.flat())
}

/** What differs from one import to the next although it says the same: sealed texts, and when rows were written. */
const fresh = /^(.*_sealed|sealed|email_fingerprint|changed_at|executed_at)$/

/** The dump without what is fresh in each database. */
export async function essenceOf(installation: InstallationUnderTest) {
  const dump = await dumpOf(installation)
  const essence = (table: string, row: string) => {
    const columns = Object.entries(JSON.parse(row) as Record<string, unknown>)
    const isOwnTime = (column: string) => table.startsWith('catalog.') && column === 'created_at'
    return JSON.stringify(columns.filter(([column]) => !fresh.test(column) && !isOwnTime(column)))
  }
  return Object.fromEntries(
    Object.entries(dump).map(([table, rows]) => [
      table,
      rows.map((row) => essence(table, row)).toSorted(),
    ]),
  )
}
