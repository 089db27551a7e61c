import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Broker } from './eventing/broker.ts'
import type { Around } from './eventing/delivery.ts'
import { startPingSources } from './eventing/ping-source.ts'
import { createPostman } from './eventing/postman.ts'
import { readManifests } from './manifests.ts'
import type { Values } from './manifests/environment.ts'
import { createFixed } from './serving/fixed.ts'
import { createFleet } from './serving/fleet.ts'
import { hostsOf } from './serving/hosts.ts'
import { createIngress } from './serving/ingress.ts'
import type { RevisionStatus } from './serving/revision.ts'

export type EmulatorOptions = {
  /** The folder with kustomization.yaml. */
  manifests: string
  /** Of the ingress; 0 takes a free one. */
  port: number
  /** 0 takes a free one. */
  brokerPort: number
  /** The Broker's own Redis, which must keep what it acknowledged. */
  redisUrl: string
  /** Stand in place of the ConfigMaps' data and of the Secrets. */
  values: Values
  /** How a function's process is started. */
  command: (name: string) => { file: string; args: string[] }
  /** More environment for a function's processes; it wins over the manifests. */
  environment?: (name: string) => Record<string, string>
  /** Gets one log file a function: what it prints. */
  logFolder: string
  /** Every function starts at once and keeps a process. */
  isWarm?: boolean
  /** Of these, all share one process. */
  together?: readonly string[]
  /** Between the starts of a function that keeps dying young, at most; 30 s unless it is said otherwise. */
  restartWaitMsMax?: number | undefined
  /** More hosts, such as `mail` and `bank`, and the local ports or the `host:port` behind them. */
  sidecars?: Record<string, number | string>
  /** Functions that run elsewhere, as `host:port`: they are spoken to, and neither started nor scaled. */
  addresses?: Record<string, string>
  /** Where both ports listen; the loopback unless it is said otherwise. */
  host?: string
  /** Stands around each delivery of the Broker; nothing does unless it is given. */
  aroundDelivery?: Around | undefined
  say: (line: string) => void
}

export type Emulator = {
  url: string
  /** With the path of the first Broker. */
  brokerUrl: string
  /** By function. */
  status(): Record<string, RevisionStatus>
  /** Ends every process; what the Broker has not delivered by then stays stored. */
  stop(): Promise<void>
}

const sidecarMsMax = 300_000
/** So many requests at once, and buyers stand in each other's way. */
const busyMin = 16
const drainMsMax = 3000
const tidyMs = 2000

/** Starts the ingress, the Broker and the sources; functions start when they are asked for. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { say, host = '127.0.0.1', sidecars = {} } = options
  const manifests = readManifests(options.manifests, options.values)
  const ports = { ingress: 0, broker: 0 }
  const urlOf = (port: number) => `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
  const brokerUrl = () => {
    const [first] = manifests.brokers
    return urlOf(ports.broker) + (first ? `/${first.namespace}/${first.name}` : '')
  }

  const fleet = createFleet({
    ...options,
    services: manifests.services,
    addresses: options.addresses ?? {},
    isWarm: options.isWarm ?? false,
    environment: (name) => ({
      INGRESS_ADDRESS: new URL(urlOf(ports.ingress)).host,
      BROKER_URL: brokerUrl(),
      ...(options.together?.includes(name) ? { BROKER_BATCH_URL: `${brokerUrl()}/batch` } : {}),
      ...options.environment?.(name),
    }),
  })
  const beside = Object.entries(sidecars).map(([name, place]) => {
    const [port = '', at = '127.0.0.1'] = String(place).split(':').toReversed()
    return createFixed(name, { host: at, port: Number(port), timeoutMs: sidecarMsMax })
  })
  const postman = createPostman({
    functions: fleet.backends,
    brokerUrl: () => urlOf(ports.broker),
  })
  const broker = await Broker.open({
    ...manifests,
    redisUrl: options.redisUrl,
    addressOf: postman.addressOf,
    around: options.aroundDelivery,
    takesBatches: (options.together?.length ?? 0) > 0,
    isBusy: () => ingress.inFlight() >= busyMin || fleet.isBusy(),
    say,
  })
  const ingress = createIngress({
    hosts: hostsOf({ functions: fleet.backends, sidecars: beside }),
    status: async () => ({ functions: fleet.status(), broker: await broker.status() }),
  })
  const tidying = setInterval(() => {
    for (const one of beside) one.tidy()
    postman.tidy()
  }, tidyMs)
  let pings: { stop(): void } | undefined
  let ended: Promise<void> | undefined
  const stop = () => (ended ??= end())

  // What is on its way ends first; functions then tell their last events to a Broker that still stores them.
  async function end(): Promise<void> {
    pings?.stop()
    ingress.drain()
    await Promise.all([broker.pause(drainMsMax), fleet.quiet(drainMsMax)])
    await fleet.stop()
    clearInterval(tidying)
    await Promise.all([close(ingress.server), close(broker.server)])
    for (const one of [...beside, postman]) one.close()
    await broker.close()
  }

  try {
    ports.broker = await listen(broker.server, options.brokerPort, host)
    ports.ingress = await listen(ingress.server, options.port, host)
    await broker.start()
    pings = startPingSources({
      sources: manifests.pingSources,
      send: ({ sink }, event) => postman.send(sink, event),
      say,
    })
    await fleet.start()
  } catch (err) {
    await stop()
    throw err
  }
  return { url: urlOf(ports.ingress), brokerUrl: brokerUrl(), status: () => fleet.status(), stop }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (err) =>
      reject(new Error(`port ${port} cannot be had: ${err.message}`, { cause: err })),
    )
    server.listen({ port, host, backlog: 4096 }, () =>
      resolve((server.address() as AddressInfo).port),
    )
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
