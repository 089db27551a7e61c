import { createEdge } from '../_runtime/edge.ts'
import type { Loaded } from '../_runtime/serve.ts'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { openMetrics } from './metrics.ts'
import { watchStreams } from './streams.ts'

/** The whole function, put together from the environment. */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const config = readConfig(env)
  const deps = createDeps(createEdge('gateway', config), config)
  const watch = watchStreams(deps)
  let metrics: { close(): void } | undefined
  return {
    answer: { listener: createApp(deps) },
    clientsMax: config.CLIENTS_AT_ONCE,
    started() {
      metrics = openMetrics(deps, { host: config.HOST, port: config.METRICS_PORT })
    },
    async close() {
      metrics?.close()
      watch.close()
      await deps.close()
    },
  }
}
