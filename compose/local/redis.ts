import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { once, run, startDaemon, stopLeftover } from './daemon.ts'
import { freePort, reachable } from './ports.ts'

export type LocalRedis = { url: string; port: number; pid: number; stop(): Promise<void> }

export type RedisOptions = {
  folder: string
  /** Keeps what it acknowledged through the end of its process. */
  isDurable: boolean
  port?: number
  say: (line: string) => void
}

/** Starts the machine's Redis in `folder`, on a free port of the loopback; installs it where it is missing. */
export async function startRedis({
  folder,
  isDurable,
  port,
  say,
}: RedisOptions): Promise<LocalRedis> {
  await ensureRedis(say)
  await mkdir(folder, { recursive: true })
  const pidFile = join(folder, 'redis.pid')
  await stopLeftover(
    existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined,
    'redis-server',
  )
  const chosen = port ?? (await freePort())
  const settings = {
    port: chosen,
    bind: '127.0.0.1',
    dir: folder,
    pidfile: pidFile,
    databases: 1024,
    save: '',
    appendonly: isDurable ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const daemon = await startDaemon('Redis', 'redis-server', args, {
    logFile: join(folder, 'redis.log'),
  })
  await reachable(chosen, daemon)
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    pid: daemon.pid,
    stop: () => daemon.stop('SIGTERM'),
  }
}

/** Debian's and macOS's own packages; anything else is for the reader to install. */
export async function ensureRedis(say: (line: string) => void): Promise<void> {
  if (await once('redis-server', ['--version'])) return
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const recipes: [string, string[][]][] = [
    [
      'apt-get',
      [
        [...sudo, 'apt-get', 'update', '-qq'],
        [...sudo, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
      ],
    ],
    ['brew', [['brew', 'install', 'redis']]],
  ]
  for (const [tool, commands] of recipes) {
    if (!(await once(tool, ['--version']))) continue
    say(`installing Redis with ${tool}, because redis-server is not on the PATH`)
    for (const [file = '', ...args] of commands)
      await run(file, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    return
  }
  throw new Error(
    'redis-server is not on the PATH and neither apt-get nor brew is here: install Redis 7, or set REDIS_URL',
  )
}
