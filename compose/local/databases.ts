import pg from 'pg'
import { grantObservable, observer } from '../../contracts/observable.ts'

/** Passwords by function; the role, the database and the schema carry the function's name. */
export type Passwords = Readonly<Record<string, string>>

/**
 * One login role, one database and one schema a function, and no way from one to another: PUBLIC may connect
 * to nothing. With `observerPassword` there is also the role that reads some of each and writes nothing. Can be
 * repeated; a password that changed is set anew.
 */
export async function ensureDatabases(
  adminUrl: string,
  passwords: Passwords,
  observerPassword?: string,
): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    for (const [name, password] of Object.entries(passwords)) {
      await ensureRole(admin, name, password)
      const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
      if (rowCount === 0) await admin.query(`create database "${name}" owner "${name}"`)
      await admin.query(`revoke all on database "${name}" from public`)
    }
    for (const shared of ['postgres', 'template1'])
      await admin.query(`revoke connect on database ${shared} from public`)
  })
  for (const name of Object.keys(passwords))
    await withClient(inDatabase(adminUrl, name), (admin) => ensureSchema(admin, name))
  if (observerPassword !== undefined)
    await ensureObserver(adminUrl, Object.keys(passwords), observerPassword)
}

/** The limits of every session of the role: nothing waits for ever, and poolers cannot lose them. */
const roleSettings = {
  statement_timeout: '2s',
  lock_timeout: '250ms',
  idle_in_transaction_session_timeout: '5s',
}

/** Functions whose every statement looks rows up by their keys, or takes the first of an index. */
const lookingUp: ReadonlySet<string> = new Set([
  'seating',
  'orders',
  'payments',
  'tickets',
  'notifications',
])

/**
 * A plan that is made while a table is young, and looks small, is kept until somebody analyses the table: on the
 * first evening of a sale it would read the whole of it for each statement, from end to end or into a hash. Where an
 * index can serve, it does from the first row on. Such a plan is the same whatever the values are: it is made once, not
 * again for each statement of one item, which looks cheaper planned for itself.
 */
const lookUpSettings = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
}

/** What Postgres sets in each session of a function's role. */
export const settingsOf = (name: string): Record<string, string> =>
  lookingUp.has(name) ? { ...roleSettings, ...lookUpSettings } : roleSettings

/** Reading takes longer than a request may, and a cursor waits for the other databases. */
const observerSettings = {
  default_transaction_read_only: 'on',
  statement_timeout: '60s',
  lock_timeout: '1s',
  idle_in_transaction_session_timeout: '10min',
}

async function ensureObserver(adminUrl: string, names: string[], password: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    await ensureLogin(admin, observer, password, observerSettings)
    for (const name of names) {
      await admin.query(`grant connect on database "${name}" to ${observer}`)
      await admin.query(`alter role ${observer} in database "${name}" set search_path = "${name}"`)
    }
  })
  for (const name of names)
    await withClient(inDatabase(adminUrl, name), (admin) => admin.query(grantObservable(name)))
}

async function ensureRole(admin: pg.Client, name: string, password: string): Promise<void> {
  await ensureLogin(admin, name, password, settingsOf(name))
  await admin.query(`alter role "${name}" set search_path = "${name}"`)
}

async function ensureLogin(
  admin: pg.Client,
  name: string,
  password: string,
  settings: Record<string, string>,
): Promise<void> {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name])
  const literal = admin.escapeLiteral(password)
  await admin.query(
    `${rowCount === 0 ? 'create' : 'alter'} role "${name}" login password ${literal}`,
  )
  for (const [setting, value] of Object.entries(settings))
    await admin.query(`alter role "${name}" set ${setting} = '${value}'`)
}

export async function ensureSchema(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`create schema if not exists "${name}" authorization "${name}"`)
  await admin.query('revoke all on schema public from public')
}

export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The same server and user, another database. */
export function inDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

/** How a function reaches its own database, or another role does that may enter it. */
export function databaseUrl(
  adminUrl: string,
  name: string,
  password: string,
  role: string = name,
): string {
  const url = new URL(inDatabase(adminUrl, name))
  url.username = role
  url.password = password
  return url.href
}
