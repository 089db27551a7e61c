import { createRuntime } from '../_runtime/runtime.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createSweeps } from '../_runtime/sweeps.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { createReactions } from './reactions.ts'
import { forgetOver, publishHot } from './rooms.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const runtime = createRuntime(
    'waiting-room',
    config,
    async () => (await import('./entities.ts')).entities,
  )
  const deps = createDeps(runtime, config)
  const sweeps = createSweeps(
    [
      // An instance may have died between a change and telling the gateways of it.
      { name: 'hot events', run: () => publishHot(deps).then(() => 0) },
      { name: 'queues that are over', run: () => forgetOver(deps) },
    ],
    deps,
  )
  return {
    answer: createApp(deps, createReactions(deps, sweeps.runAll)),
    started: sweeps.start,
    async close() {
      await sweeps.stop()
      await deps.close()
    },
  }
}
