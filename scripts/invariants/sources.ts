import pg from 'pg'
import type { FunctionName } from '../../contracts/functions.ts'

export type Row = Record<string, unknown>

/** Reads the functions' databases, and never writes: every transaction is a read-only one. */
export type Sources = {
  rows(name: FunctionName, sql: string, values?: unknown[]): Promise<Row[]>
  /** Rows of one snapshot, a chunk at a time, however many there are. */
  stream(name: FunctionName, sql: string, values?: unknown[]): AsyncGenerator<Row>
  close(): Promise<void>
}

/** What could not be read, and why. */
export class CannotRead extends Error {
  override name = 'CannotRead'

  constructor(place: string, cause: unknown) {
    super(`${place}: ${cause instanceof Error ? cause.message || String(cause) : String(cause)}`, {
      cause,
    })
  }
}

const connectMsMax = 5000
const chunkRows = 2000

/** A cursor waits while the other databases are read: the limit of the functions' roles is too short for that. */
const begin = (name: FunctionName) =>
  `begin isolation level repeatable read read only;
   set local search_path = "${name}";
   set local statement_timeout = '60s';
   set local idle_in_transaction_session_timeout = '10min'`

export function createSources(databaseUrl: (name: FunctionName) => string): Sources {
  const clients = new Map<FunctionName, Promise<pg.Client>>()
  /** A database has one connection, so its statements follow each other. */
  const last = new Map<FunctionName, Promise<unknown>>()

  async function connect(name: FunctionName): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: databaseUrl(name),
      connectionTimeoutMillis: connectMsMax,
      application_name: 'boxoffice invariants',
    })
    // A connection that breaks between two statements fails the next one.
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async function read(name: FunctionName, sql: string, values: unknown[]): Promise<Row[]> {
    try {
      const opened = clients.get(name) ?? connect(name)
      clients.set(name, opened)
      const client = await opened
      await client.query(begin(name))
      const { rows } = await client.query<Row>(sql, values)
      await client.query('commit')
      return rows
    } catch (err) {
      const broken = clients.get(name)
      clients.delete(name)
      void broken?.then((client) => client.end()).catch(() => {})
      throw new CannotRead(name, err)
    }
  }

  return {
    rows(name, sql, values = []) {
      const before = last.get(name) ?? Promise.resolve()
      const next = before.then(() => read(name, sql, values))
      last.set(
        name,
        next.catch(() => {}),
      )
      return next
    },
    async *stream(name, sql, values = []) {
      let client: pg.Client | undefined
      try {
        client = await connect(name)
        await client.query(begin(name))
        await client.query(`declare reading no scroll cursor for ${sql}`, values)
        for (;;) {
          const { rows } = await client.query<Row>(`fetch ${chunkRows} from reading`)
          yield* rows
          if (rows.length < chunkRows) return
        }
      } catch (err) {
        throw new CannotRead(name, err)
      } finally {
        await client?.end().catch(() => {})
      }
    },
    async close() {
      const opened = await Promise.allSettled(clients.values())
      await Promise.allSettled(
        opened.map(async (one) => one.status === 'fulfilled' && one.value.end()),
      )
    },
  }
}
