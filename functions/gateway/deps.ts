import table from '../../contracts/public-routes.json' with { type: 'json' }
import type { Edge } from '../_runtime/edge.ts'
import { createAdmissionTokens, type AdmissionTokens } from '../_runtime/admission.ts'
import type { Config } from './config.ts'
import { createHotEvents, type Hot } from './hot-events.ts'
import { createRoutes, type PublicRoute, type Routes } from './routes.ts'
import { createUpstreams, type Upstreams } from './upstreams.ts'

/** What the gateway works with. It keeps nothing between two requests but connections and checked tokens. */
export type Deps = Edge & {
  routes: Routes
  upstreams: Upstreams
  hot: Hot
  admissionTokens: AdmissionTokens
  brokerUrl: string
  requestMs: number
  requestsMax: number
  /** Requests that are in the house. */
  crowd: { count: number }
}

export function createDeps(edge: Edge, config: Config): Deps {
  const upstreams = createUpstreams({
    namespace: config.NAMESPACE,
    ingressAddress: config.INGRESS_ADDRESS,
    addresses: config.FUNCTION_ADDRESSES,
    connectionsMax: config.CONNECTIONS_PER_FUNCTION,
    streamsMax: config.STREAMS_PER_FUNCTION,
  })
  return {
    ...edge,
    routes: createRoutes(table as PublicRoute[]),
    upstreams,
    hot: createHotEvents(edge),
    admissionTokens: createAdmissionTokens(config.ADMISSION_KEY ?? config.SERVICE_KEY),
    brokerUrl: config.BROKER_URL,
    requestMs: config.REQUEST_SECONDS * 1000,
    requestsMax: config.REQUESTS_AT_ONCE,
    crowd: { count: 0 },
    async close() {
      upstreams.close()
      await edge.close()
    },
  }
}
