import { createRuntime } from '../_runtime/runtime.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createSweeps } from '../_runtime/sweeps.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createReactions } from './reactions.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const deps = createRuntime(
    'catalog',
    readConfig(env),
    async () => (await import('./entities.ts')).entities,
  )
  const sweeps = createSweeps([{ name: 'outbox', run: () => deps.outbox.sweep() }], deps)
  return {
    answer: createApp(deps, createReactions(deps, sweeps.runAll)),
    started: sweeps.start,
    async close() {
      await sweeps.stop()
      await deps.close()
    },
  }
}
