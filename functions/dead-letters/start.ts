import { createRuntime } from '../_runtime/runtime.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const runtime = createRuntime(
    'dead-letters',
    config,
    async () => (await import('./entities.ts')).entities,
  )
  const deps = createDeps(runtime, config)
  return {
    answer: createApp(deps),
    async close() {
      deps.sender.close()
      await runtime.close()
    },
  }
}
