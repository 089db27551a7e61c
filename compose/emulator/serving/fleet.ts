import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from '../manifests/services.ts'
import type { Backend } from './backend.ts'
import { gateway } from './hosts.ts'
import { createFixed } from './fixed.ts'
import { Revision, type RevisionStatus } from './revision.ts'

export type FunctionBackend = Backend & {
  readonly namespace: string
  inFlight(): number
  status(): RevisionStatus
}

/** All functions. */
export type Fleet = {
  backends: FunctionBackend[]
  /** Starts what runs without a request, and waits until it does. */
  start(): Promise<void>
  status(): Record<string, RevisionStatus>
  /** Somebody waits for an answer of a process that meets clients without the ingress. */
  isBusy(): boolean
  /** Waits until nothing is in flight, at most `msMax`. */
  quiet(msMax: number): Promise<void>
  /** Ends every process. */
  stop(): Promise<void>
}

export type FleetOptions = {
  services: Service[]
  addresses: Record<string, string>
  command: (name: string) => { file: string; args: string[] }
  /** What the emulator itself tells a function; asked at each start. */
  environment: (name: string) => Record<string, string>
  logFolder: string
  isWarm: boolean
  /** These share one process, which is always there and tells by the Host header whom a request is for. */
  together?: readonly string[]
  restartWaitMsMax?: number | undefined
  say: (line: string) => void
}

const tickMs = 2000
const warmMsMax = 30_000
const logBytesMax = 20 * 1024 * 1024

export function createFleet(options: FleetOptions): Fleet {
  const { services, addresses } = options
  mkdirSync(options.logFolder, { recursive: true })
  const revisions: Revision[] = []
  const logs: number[] = []
  const attached: (FunctionBackend & { close(): void })[] = []
  const open = (service: Service) => {
    const logFile = join(options.logFolder, `${service.name}.log`)
    const log = openLog(logFile)
    logs.push(log)
    const revision = createRevision(service, { log, logFile }, options)
    revisions.push(revision)
    return revision
  }
  const together = services.filter(({ name }) => options.together?.includes(name))
  const members = together.length > 0 ? membersOf(together, open(house(together, options))) : []
  for (const service of services) {
    const address = addresses[service.name]
    if (address !== undefined) attached.push(attach(service, address))
    else if (!together.includes(service)) open(service)
  }
  const alone = revisions.filter(({ name }) => name !== houseName)
  const backends: FunctionBackend[] = [...alone, ...members, ...attached]
  let ticking: NodeJS.Timeout | undefined

  const until = async (isSo: () => boolean, msMax: number) => {
    const limit = performance.now() + msMax
    while (!isSo() && performance.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }

  return {
    backends,
    async start() {
      ticking = setInterval(() => {
        for (const revision of revisions) revision.tick()
        for (const one of [...revisions, ...attached]) one.tidy()
      }, tickMs)
      const warm = revisions.filter((revision) => revision.start())
      await until(() => warm.every((revision) => revision.isReady()), warmMsMax)
    },
    status: () => Object.fromEntries(backends.map((one) => [one.name, one.status()])),
    isBusy: () => revisions.some((revision) => revision.isBusy()),
    quiet: (msMax) => until(() => backends.every((one) => one.inFlight() === 0), msMax),
    async stop() {
      clearInterval(ticking)
      // Who lets clients in ends first: what it has let in still needs the others.
      const isDoor = ({ name }: Revision) => name === gateway
      await Promise.all(revisions.filter(isDoor).map((revision) => revision.stop()))
      await Promise.all(revisions.map((revision) => revision.stop()))
      for (const one of attached) one.close()
      for (const log of logs) closeSync(log)
    },
  }
}

function createRevision(
  service: Service,
  { log, logFile }: { log: number; logFile: string },
  options: FleetOptions,
): Revision {
  const { name } = service
  const knative = { K_SERVICE: name, K_CONFIGURATION: name, K_REVISION: `${name}-00001` }
  return new Revision({
    service,
    isWarm: options.isWarm,
    logFile,
    restartWaitMsMax: options.restartWaitMsMax,
    say: options.say,
    start: () => ({
      ...options.command(name),
      log,
      environment: {
        ...service.environment,
        ...knative,
        PORT: '0',
        HOST: '127.0.0.1',
        ...options.environment(name),
      },
    }),
  })
}

const houseName = 'together'

/** Several functions as one: it is told the environment of each, and keeps exactly one process. */
function house(services: readonly Service[], { environment }: FleetOptions): Service {
  const [first] = services as [Service]
  return {
    ...first,
    name: houseName,
    get environment() {
      const own = services.map((one) => [
        one.name,
        { ...one.environment, ...environment(one.name) },
      ])
      return { FUNCTIONS: JSON.stringify(Object.fromEntries(own)) }
    },
    inFlightMax: Infinity,
    timeoutMs: Math.max(...services.map(({ timeoutMs }) => timeoutMs)),
    autoscaling: { ...first.autoscaling, minScale: 1, maxScale: 1 },
  }
}

const membersOf = (services: readonly Service[], shared: Revision): FunctionBackend[] =>
  services.map(({ name, namespace, timeoutMs }) => ({
    name,
    namespace,
    timeoutMs,
    takesBatches: true,
    take: () => shared.take(),
    wait: (waiting) => shared.wait(waiting),
    release: (place) => shared.release(place),
    refused: (place) => shared.refused(place),
    tidy: () => shared.tidy(),
    inFlight: () => shared.inFlight(),
    status: () => shared.status(),
  }))

/** A log that has grown large is put aside; the one before it goes. */
function openLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax)
    renameSync(file, `${file}.1`)
  return openSync(file, 'a')
}

function attach({ name, namespace, timeoutMs }: Service, address: string) {
  const [host = '', port] = address.split(':')
  if (!(Number(port) > 0)) throw new Error(`the address of ${name} is ${address}; give host:port`)
  const backend = createFixed(name, { host, port: Number(port), timeoutMs })
  return {
    ...backend,
    namespace,
    status: () => ({ processes: [], waiting: 0, scale: 1 }),
  }
}
