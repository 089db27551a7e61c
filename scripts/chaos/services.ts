import { join } from 'node:path'
import { startPostgres } from '../../compose/local/postgres.ts'
import { startRedis } from '../../compose/local/redis.ts'
import { familyOf, freeze, kill, wake } from './signals.ts'

/** A server that can be ended, frozen and started anew; others reach it through an edge, wherever it is then. */
export type Service = {
  port(): number
  /** SIGKILL to all of it, and a fresh start `afterMs` later. */
  crash(afterMs: number): Promise<void>
  /** An orderly stop, and a fresh start `afterMs` later. */
  restart(afterMs: number): Promise<void>
  freeze(seconds: number): void
  stop(): Promise<void>
}

type Running = { port: number; pid: number; stop(): Promise<void> }

async function supervise(start: (port?: number) => Promise<Running>): Promise<Service> {
  let running = await start()
  // One thing at a time: a crash waits for the start that is under way.
  let busy: Promise<void> = Promise.resolve()
  const next = (work: () => Promise<void>) => (busy = busy.then(work))
  const again = (end: () => unknown, afterMs: number) =>
    next(async () => {
      await end()
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      running = await start(running.port)
    })
  return {
    port: () => running.port,
    crash: (afterMs) => again(() => kill(familyOf(running.pid)), afterMs),
    restart: (afterMs) => again(() => running.stop(), afterMs),
    freeze: (seconds) => freeze(familyOf(running.pid), seconds),
    async stop() {
      await busy.catch(() => {})
      wake(familyOf(running.pid))
      await running.stop()
    },
  }
}

const say = () => {}

/** Its sessions end with the process; what it has acknowledged it must have after the next start. */
export async function supervisePostgres(folder: string) {
  let adminUrl = ''
  const service = await supervise(async () => {
    const postgres = await startPostgres({
      folder: join(folder, 'postgres'),
      isDurable: false,
      say,
    })
    adminUrl = postgres.adminUrl
    return { ...postgres, port: Number(new URL(adminUrl).port) }
  })
  return { ...service, adminUrl: () => adminUrl }
}

/** Without its data after each crash, as a cache may be. */
export const superviseRedis = (folder: string) =>
  supervise((port) =>
    startRedis({
      folder: join(folder, 'redis'),
      isDurable: false,
      say,
      ...(port === undefined ? {} : { port }),
    }),
  )
