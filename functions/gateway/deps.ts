import type { BlockList } from 'node:net'
import table from '../../contracts/public-routes.json' with { type: 'json' }
import type { Edge } from '../_runtime/edge.ts'
import { createAdmissionTokens, type AdmissionTokens } from '../_runtime/admission.ts'
import { createApiKeys, type ApiKeys } from './api-keys.ts'
import type { Shelf } from './bodies.ts'
import type { Config } from './config.ts'
import { createCors, type Cors } from './cors.ts'
import { exchangeWith } from './exchange.ts'
import { createGate, type Gate } from './gate.ts'
import { createHotEvents, type Hot } from './hot-events.ts'
import { createJudge } from './judge.ts'
import type { Passage } from './passage.ts'
import { createRoutes, type PublicRoute, type Routes } from './routes.ts'
import { createUpstreams, type Upstreams } from './upstreams.ts'
import { createWarming, type Warming } from './warming.ts'

/** What the gateway works with. It keeps nothing between two requests but connections, checked tokens and counts. */
export type Deps = Edge & {
  routes: Routes
  upstreams: Upstreams
  hot: Hot
  admissionTokens: AdmissionTokens
  gate: Gate
  apiKeys: ApiKeys
  cors: Cors
  warming: Warming
  trustedProxies: BlockList
  /** Headers of every answer, as names and values in turn. */
  everyAnswer: readonly string[]
  brokerUrl: string
  requestMs: number
  requestsMax: number
  /** Requests that are in the house. */
  crowd: { count: number }
  shelf: Shelf
  /** Streams of users, with all that a ban of theirs may stand under. */
  openStreams: Map<Passage, readonly string[]>
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
    gate: createGate({
      limits: config.RATE_LIMITS,
      judge: createJudge(edge.redis),
      accountKey: config.SERVICE_KEY,
      limited: edge.metrics.counter('requests_limited_total', 'Requests over a limit', [
        'class',
        'scope',
        'by',
      ]),
      banned: edge.metrics.counter('requests_banned_total', 'Requests of the banned', ['what']),
    }),
    apiKeys: createApiKeys({ exchange: exchangeWith(edge.calls) }),
    cors: createCors(config.CORS_ORIGINS),
    warming: createWarming({
      functions: config.WARM_FUNCTIONS,
      everyMs: config.WARM_SECONDS * 1000,
      upstreams,
      log: edge.log,
    }),
    trustedProxies: config.TRUSTED_PROXIES,
    everyAnswer: strictTransport(config.HSTS_SECONDS),
    brokerUrl: config.BROKER_URL,
    requestMs: config.REQUEST_SECONDS * 1000,
    requestsMax: config.REQUESTS_AT_ONCE,
    crowd: { count: 0 },
    openStreams: new Map(),
    shelf: { bytes: 0, bytesMax: config.BODIES_MIB * 1024 * 1024 },
    async close() {
      upstreams.close()
      await edge.close()
    },
  }
}

const strictTransport = (seconds: number): readonly string[] =>
  seconds === 0 ? [] : ['strict-transport-security', `max-age=${seconds}; includeSubDomains`]
