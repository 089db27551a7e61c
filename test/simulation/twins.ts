import * as assert from 'uvu/assert'
import { withClient } from '../../compose/local/databases.ts'
import { createDatabase, type Database, type Sql } from '../../functions/_runtime/database.ts'
import { createLog } from '../../functions/_runtime/log.ts'
import { testDatabase } from '../../functions/_runtime/testing/services.ts'
import { migrationsOf } from '../../scripts/migrations.ts'
import { createServer } from './database/pool.ts'
import type { Engine, Row } from './database/tables.ts'
import type { SimulatedFunction } from './functions.ts'

/** A database in memory and a real Postgres that are asked the same, and must answer the same. */
export type Twins = Database & {
  /** Both databases' clock. */
  now(): Date
  advance(seconds: number): Promise<void>
  /** Compares what is in every table. */
  compareTables(): Promise<void>
  /** Empties both. */
  clear(): Promise<void>
}

const startMs = Date.UTC(2026, 0, 1, 12)

export async function openTwins(name: SimulatedFunction, create: () => Engine): Promise<Twins> {
  const url = await testDatabase(name, await migrationsOf(name))
  await withClient(url, (client) => setClock(client, name))
  const log = createLog('test', 'silent')
  const options = { connections: 4, prepared: true, entities: async () => [], log }
  const real = createDatabase({ ...options, url })
  let now = new Date(startMs)
  let engine = create()
  let server = createServer(engine, () => now)
  let fake: Database
  const openFake = () => {
    fake = createDatabase({
      ...options,
      url,
      open: async () =>
        server.connect(
          (_site, effect) => effect(),
          () => {},
        ),
    })
  }
  openFake()
  const raw = <Result>(work: (client: Parameters<typeof setClock>[0]) => Promise<Result>) =>
    withClient(url, work)

  return {
    ...real,
    query: (statement, values) => both(real, fake, statement, values),
    transaction: (work) =>
      real.transaction((one) =>
        fake.transaction((other) =>
          work({ query: (statement, values) => both(one, other, statement, values) }),
        ),
      ),
    now: () => now,
    async advance(seconds) {
      now = new Date(now.getTime() + seconds * 1000)
      await raw((client) => client.query('update clock.moment set at = $1', [now]))
    },
    async compareTables() {
      for (const [table, rows] of Object.entries(engine.tables)) {
        const { rows: kept } = await raw((client) =>
          client.query(`select to_jsonb(t) as row from "${table}" t`),
        )
        const own = rows.all()
        const columns = Object.keys(own[0] ?? {})
        const shown = kept.map(({ row }: Row) =>
          Object.fromEntries(columns.map((column) => [column, row[column]])),
        )
        assert.equal(sorted(own), sorted(shown), `${name}.${table}`)
      }
    },
    async clear() {
      const tables = Object.keys(engine.tables).map((table) => `"${table}"`)
      await raw((client) => client.query(`truncate ${tables.join()} cascade`))
      engine = create()
      server = createServer(engine, () => now)
      openFake()
    },
    close: () => real.close(),
  }
}

/** Puts a clock of ours in the place of `now()`, in statements and in the defaults of columns. */
async function setClock(
  client: { query(text: string, values?: unknown[]): Promise<{ rows: any[] }> },
  role: string,
): Promise<void> {
  const path = `clock, "${role}", pg_catalog`
  await client.query(`
    create schema clock;
    create table clock.moment (at timestamptz not null);
    insert into clock.moment values (to_timestamp(${startMs / 1000}));
    create function clock.now() returns timestamptz stable language sql
      as 'select at from clock.moment';
    do $$ begin execute format('alter role %I in database %I set search_path = ${path}',
      current_user, current_database()); end $$`)
  const { rows } = await client.query(`
    select d.adrelid::regclass::text as table, a.attname as column,
      pg_get_expr(d.adbin, d.adrelid) as expression
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where pg_get_expr(d.adbin, d.adrelid) like '%now()%'`)
  await client.query(`set search_path = ${path}`)
  for (const { table, column, expression } of rows)
    await client.query(`alter table ${table} alter "${column}" set default ${expression}`)
}

/** Asks both; what one of them says and the other does not ends the test. */
async function both(real: Sql, fake: Sql, ...asked: Parameters<Sql['query']>): Promise<any[]> {
  const [one, other] = await Promise.allSettled([real.query(...asked), fake.query(...asked)])
  const title = `${asked[0].name} ${JSON.stringify(asked[1])}`
  if (one.status === 'rejected' || other.status === 'rejected') {
    const codes = [one, other].map((result) =>
      result.status === 'rejected' ? reasonOf(result.reason) : 'done',
    )
    assert.is(codes[1], codes[0], title)
    throw (one as PromiseRejectedResult).reason
  }
  assert.equal(sorted(other.value), sorted(one.value), title)
  return one.value
}

const reasonOf = (err: { code?: string; constraint?: string; message?: string }) =>
  err.code ? `${err.code} ${err.constraint ?? ''}` : `${err.message}`

/** In one spelling; in no order, for few statements promise one. Arrays of ids are sets here. */
const sorted = (rows: Row[]): string[] => rows.map((row) => JSON.stringify(spelled(row))).toSorted()

const time = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)$/

function spelled(value: unknown): unknown {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string') return time.test(value) ? Date.parse(value) : value
  if (Array.isArray(value)) {
    const items = value.map(spelled)
    return items.every((item) => typeof item === 'string') ? items.toSorted() : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, spelled(field)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
