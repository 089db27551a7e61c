import { Agent } from 'node:http'
import { functionNames, type FunctionName } from '../../contracts/functions.ts'

/** Where a function is reached, and the connections to it. */
export type Upstream = {
  /** What the request's Host says: on a laptop the ingress tells functions apart by it. */
  hostHeader: string
  host: string
  port: string
  /** One for each function: one that is slow uses up its own connections and nobody else's. */
  requests: Agent
  streams: Agent
}

export type Upstreams = { of(name: FunctionName): Upstream; close(): void }

export type UpstreamOptions = {
  namespace: string
  /** `host:port`; without one, names of functions resolve by themselves. */
  ingressAddress: string | undefined
  /** `name=host:port,…` */
  addresses: string
  connectionsMax: number
  streamsMax: number
}

/** Below the time after which a function closes an idle connection: we must be the first to let go. */
const idleMs = 15_000

export function createUpstreams(options: UpstreamOptions): Upstreams {
  const { namespace, ingressAddress, addresses } = options
  const direct = new Map(addresses.split(',').map((one) => one.split('=') as [string, string]))
  const agent = (maxSockets: number) =>
    new Agent({ keepAlive: true, maxSockets, maxFreeSockets: 64, timeout: idleMs })

  const open = (name: FunctionName): Upstream => {
    const hostHeader = `${name}.${namespace}.svc.cluster.local`
    const [host = hostHeader, port = '80'] = (direct.get(name) ?? ingressAddress)?.split(':') ?? []
    const requests = agent(options.connectionsMax)
    return { hostHeader, host, port, requests, streams: agent(options.streamsMax) }
  }
  const all = new Map(functionNames.map((name) => [name, open(name)]))

  return {
    of: (name) => all.get(name) as Upstream,
    close() {
      for (const { requests, streams } of all.values()) {
        requests.destroy()
        streams.destroy()
      }
    },
  }
}
