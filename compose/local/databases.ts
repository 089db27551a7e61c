import pg from 'pg'

/** Passwords by function; the role, the database and the schema carry the function's name. */
export type Passwords = Readonly<Record<string, string>>

/**
 * One login role, one database and one schema a function, and no way from one to another: PUBLIC may connect
 * to nothing. Can be repeated; a password that changed is set anew.
 */
export async function ensureDatabases(adminUrl: string, passwords: Passwords): Promise<void> {
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
}

/** The limits of every session of the role: nothing waits for ever, and poolers cannot lose them. */
const roleSettings = {
  statement_timeout: '2s',
  lock_timeout: '250ms',
  idle_in_transaction_session_timeout: '5s',
}

async function ensureRole(admin: pg.Client, name: string, password: string): Promise<void> {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name])
  const literal = admin.escapeLiteral(password)
  await admin.query(
    `${rowCount === 0 ? 'create' : 'alter'} role "${name}" login password ${literal}`,
  )
  await admin.query(`alter role "${name}" set search_path = "${name}"`)
  for (const [setting, value] of Object.entries(roleSettings))
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

/** How a function reaches its own database. */
export function databaseUrl(adminUrl: string, name: string, password: string): string {
  const url = new URL(inDatabase(adminUrl, name))
  url.username = name
  url.password = password
  return url.href
}
