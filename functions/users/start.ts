import { createRuntime } from '../_runtime/runtime.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createSweeps } from '../_runtime/sweeps.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { sweepErasures } from './erasures.ts'
import { createReactions } from './reactions.ts'
import { sweepLinks, sweepRequests } from './links.ts'
import { sweepSessions } from './sessions.ts'
import { sealOldTold } from './told.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const runtime = createRuntime(
    'users',
    config,
    async () => (await import('./entities.ts')).entities,
  )
  const deps = createDeps(runtime, config)
  const sweeps = createSweeps(
    [
      { name: 'signing keys', run: () => deps.keys.sweep() },
      { name: 'bans at the edge', run: () => deps.edgeBans.sweep() },
      { name: 'requests to reset a password', run: () => sweepRequests(deps) },
      { name: 'expired links', run: () => sweepLinks(deps) },
      { name: 'what was told openly', run: () => sealOldTold(deps) },
      { name: 'expired sessions', run: () => sweepSessions(deps) },
      { name: 'erasures', run: () => sweepErasures(deps) },
      { name: 'outbox', run: () => deps.outbox.sweep() },
    ],
    deps,
  )
  return {
    answer: createApp(deps, createReactions(sweeps.runAll)),
    started: sweeps.start,
    async close() {
      await sweeps.stop()
      await runtime.close()
    },
  }
}
