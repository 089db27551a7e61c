import { createRuntime } from '../_runtime/runtime.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createSweeps, type Sweep } from '../_runtime/sweeps.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps, type Deps } from './deps.ts'
import { createReactions } from './reactions.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const runtime = createRuntime(
    'notifications',
    config,
    async () => (await import('./entities.ts')).entities,
  )
  const deps = createDeps(runtime, config)
  const sweeps = createSweeps(sweepsOf(deps), deps)
  return {
    answer: createApp(deps, createReactions(deps, sweeps.runAll)),
    started: sweeps.start,
    async close() {
      await sweeps.stop()
      await deps.sending.stop()
      deps.mailer.close()
      await runtime.close()
    },
  }
}

/** What notifications finishes by itself when it was left standing. */
export const sweepsOf = (deps: Deps): Sweep[] => [
  { name: 'due messages', run: () => deps.sending.sweep() },
  { name: 'outbox', run: () => deps.outbox.sweep() },
]
