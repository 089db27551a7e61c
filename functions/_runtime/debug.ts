import type { Context } from 'hono'
import type { App } from './app.ts'
import { allow, callerOf } from './on.ts'
import type { Runtime } from './runtime.ts'

/** `/debug/db`, `/debug/redis`, `/debug/broker`: does what this function stands on answer, and how fast. Admins only. */
export function debugRoutes(app: App, runtime: Runtime): void {
  const probes: Record<string, () => Promise<unknown>> = {
    db: () => runtime.database.ping(),
    redis: async () => {
      if ((await runtime.redis.attempt((client) => client.ping())) === undefined)
        throw new Error('no answer')
    },
    broker: async () => {
      const { status } = await fetch(runtime.brokerUrl, {
        method: 'OPTIONS',
        signal: AbortSignal.timeout(2000),
      })
      if (status !== 200) throw new Error(`answered ${status}`)
    },
  }
  for (const [name, probe] of Object.entries(probes))
    app.get(`/debug/${name}`, async (c: Context) => {
      allow({ roles: ['admin'] }, await callerOf(c, runtime))
      const start = performance.now()
      const error = await probe().then(
        () => null,
        (err: unknown) => (err instanceof Error ? err.message : String(err)),
      )
      const ms = Math.round((performance.now() - start) * 10) / 10
      return c.json({ ok: error === null, ms, error }, error === null ? 200 : 503)
    })
}
