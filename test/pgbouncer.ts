import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once, run, startDaemon } from '../compose/local/daemon.ts'
import { withClient } from '../compose/local/databases.ts'
import { freePort, reachable } from '../compose/local/ports.ts'
import { admitPooler } from '../scripts/bootstrap/pooler.ts'

// Debian has it outside the PATH of ordinary users.
const places = ['pgbouncer', '/usr/sbin/pgbouncer']
const role = 'test_pooler'
const password = 'of the pooler, in tests'

/**
 * PgBouncer in transaction mode before the Postgres of the tests, as CloudNativePG sets it up: it logs in with a role
 * of its own to look up who may log in. Each database has two connections, however many come. Undefined where no
 * PgBouncer can be had.
 */
export async function startPgbouncer(adminUrl: string) {
  const program = await ensurePgbouncer()
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-pgbouncer-'))
  chmodSync(folder, 0o755)
  const port = await freePort()
  const server = new URL(adminUrl)
  const users = join(folder, 'users')
  writeFileSync(users, `"${role}" "${password}"\n`)
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
auth_user = ${role}
auth_query = select usename, passwd from public.user_search($1)
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`,
  )
  await withClient(adminUrl, async (admin) => {
    const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [role])
    if (rowCount === 0) await admin.query(`create role ${role} login password '${password}'`)
  })
  // It refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const logFile = join(folder, 'log')
  const daemon = await startDaemon('PgBouncer', program, [settings], { ...nobody, logFile })
  await reachable(port, daemon)
  return {
    /** The same database, through the pooler. */
    async before(url: string): Promise<string> {
      const pooled = new URL(url)
      await admitPooler(adminUrl, pooled.pathname.slice(1), role)
      pooled.host = `127.0.0.1:${port}`
      return pooled.href
    },
    async stop() {
      await daemon.stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ensurePgbouncer(): Promise<string | undefined> {
  const found = await installed()
  if (found) return found
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  try {
    for (const command of [['update'], ['install', '-y', '--no-install-recommends', 'pgbouncer']]) {
      const [file = '', ...args] = [...sudo, 'apt-get', '-qq', ...command]
      await run(file, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    }
  } catch {
    return undefined
  }
  return installed()
}

async function installed(): Promise<string | undefined> {
  for (const place of places) if (await once(place, ['--version'])) return place
  return undefined
}
