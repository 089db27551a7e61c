import type { EntityManager, MikroORM, Options } from '@mikro-orm/postgresql'
import type { Transaction } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { withBinaryArrays } from './binary-arrays.ts'
import { remainingMs } from './context.ts'
import { failpoint } from './failpoint.ts'
import type { Log } from './log.ts'
import { withAdvice } from './postgres-errors.ts'
import { Problem } from './problem.ts'

/** One SQL statement. Its name is that of its prepared statement, so it must be unique within the function. */
export type Statement = { readonly name: string; readonly text: string }

export const statement = (name: string, text: string): Statement => ({ name, text })

/** Whatever runs statements: the pool, or one transaction. */
export type Sql = {
  query<Row = Record<string, unknown>>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<Row[]>
}

export type Database = Sql & {
  /** Everything in `work`, or nothing. One connection is taken for its whole length: keep it short. */
  transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result>
  /** A fresh identity map on the same connections. MikroORM is loaded at the first call, not before. */
  em(): Promise<EntityManager>
  /** A transaction of MikroORM's, with the same connection for statements that go beside it. */
  emTransaction<Result>(work: (em: EntityManager, tx: Sql) => Promise<Result>): Promise<Result>
  ping(): Promise<number>
  close(): Promise<void>
}

export type DatabaseOptions = {
  url: string
  connections: number
  prepared: boolean
  /** The function's entities, named one by one; loaded only when MikroORM is. */
  entities: () => Promise<NonNullable<Options['entities']>>
  log: Log
  /** The simulation's own in place of a pool of connections to Postgres. */
  open?: (options: DatabaseOptions) => Promise<Pool>
}

const connectMsMax = 1000
/** Above the server's own `statement_timeout` of 2 s, so that the server decides first. */
const answerMsMax = 3000

/** Connects at the first statement, and again after a failure; a function starts without its database. */
export function createDatabase(options: DatabaseOptions): Database {
  let pool: Promise<Pool> | undefined
  let orm: Promise<MikroORM> | undefined
  const connect = () => (pool ??= (options.open ?? openPool)(options))
  const loadOrm = () => (orm ??= connect().then((shared) => openOrm(shared, options)))

  const bind = (which: Statement, given: readonly unknown[]) => {
    const { name, text } = which
    const values = options.open ? [...given] : withBinaryArrays(which, given)
    return options.prepared ? { name, text, values } : { text, values }
  }

  const query: Sql['query'] = async (which, values = []) => {
    refuseWhenLate()
    return withAdvice(async () => (await (await connect()).query(bind(which, values))).rows)
  }

  return {
    query,
    async transaction(work) {
      refuseWhenLate()
      const client: PoolClient = await withAdvice(async () => (await connect()).connect())
      let isBroken = false
      const tx: Sql = {
        query: (which, values = []) =>
          withAdvice(async () => (await client.query(bind(which, values))).rows),
      }
      try {
        await tx.query(begin)
        failpoint('transaction.begun')
        const result = await work(tx)
        failpoint('transaction.before-commit')
        await tx.query(commit)
        failpoint('transaction.committed')
        return result
      } catch (err) {
        await client.query('rollback').catch(() => (isBroken = true))
        throw err
      } finally {
        client.release(isBroken)
      }
    },
    em: async () => (await loadOrm()).em.fork(),
    async emTransaction(work) {
      refuseWhenLate()
      const [{ CompiledQuery }, { em }] = await Promise.all([import('kysely'), loadOrm()])
      return withAdvice(() =>
        em.fork().transactional((inner) => {
          const context = inner.getTransactionContext<Transaction<unknown>>()
          if (!context) throw new Error('transactional gave no transaction')
          return work(inner, {
            query: async <Row>({ text }: Statement, values: readonly unknown[] = []) =>
              (await context.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows,
          })
        }),
      )
    },
    async ping() {
      const start = performance.now()
      await query(selectOne)
      return performance.now() - start
    },
    async close() {
      const open = await pool
      pool = undefined
      orm = undefined
      await open?.end()
    },
  }
}

async function openPool({ url, connections, log }: DatabaseOptions): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMsMax,
    query_timeout: answerMsMax,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    allowExitOnIdle: true,
  })
  // A connection that the server ends is replaced at the next statement. Without these listeners the end of
  // an idle one, or of one between two statements of a transaction, would end the process.
  pool.on('error', (err) => log.warn({ err }, 'an idle database connection ended'))
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** The pool stays ours: MikroORM and the hot statements share its connections and its limits. */
async function openOrm(pool: Pool, { url, entities, log }: DatabaseOptions): Promise<MikroORM> {
  const [{ MikroORM: Orm }, { PostgresDialect }, listed] = await Promise.all([
    import('@mikro-orm/postgresql'),
    import('kysely'),
    entities(),
  ])
  return new Orm({
    entities: listed,
    dbName: new URL(url).pathname.slice(1),
    schema: schemaOf(url),
    driverOptions: new PostgresDialect({ pool }),
    logger: (message) => log.debug({ message }, 'MikroORM'),
  })
}

const begin = statement('begin', 'begin')
const commit = statement('commit', 'commit')
const selectOne = statement('ping', 'select 1')

/** The schema is named as the role is: one for each function. */
export const schemaOf = (url: string): string => new URL(url).username

function refuseWhenLate(): void {
  if (remainingMs(Infinity) <= 0)
    throw new Problem('time-limit', 'The time for this request is over')
}

export { codeOf, isPassing, isUniqueViolation, wasRolledBack } from './postgres-errors.ts'
