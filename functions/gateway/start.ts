import { createEdge } from '../_runtime/edge.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const deps = createDeps(createEdge('gateway', config), config)
  return { answer: { listener: createApp(deps) }, close: deps.close }
}
