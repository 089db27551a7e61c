import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startEmulator, type Emulator, type EmulatorOptions } from '../compose/emulator/emulator.ts'
import { startMailbox } from '../compose/emulator/mailbox.ts'
import { databaseUrl, ensureDatabases } from '../compose/local/databases.ts'
import { freePort, isFree } from '../compose/local/ports.ts'
import { startPostgres } from '../compose/local/postgres.ts'
import { startRedis } from '../compose/local/redis.ts'
import { databaseOwners, functionNames, type FunctionName } from '../contracts/functions.ts'
import { observer } from '../contracts/observable.ts'
import { startBank } from './bank-process.ts'
import { bundles, compileCache, entryOf } from './bundles.ts'
import { migrateAll } from './migrations.ts'
import { secretsIn, type Secrets } from './secrets.ts'

export type StackOptions = {
  /** Holds everything that stays: databases, keys, the Broker's queue, the bank's ledger, logs. */
  folder: string
  port: number
  brokerPort: number
  /** Keeps every function running. */
  isWarm?: boolean
  /** Keeps them running in one process, all but the gateway: as few as the cores serve well. */
  isTogether?: boolean
  /** Runs the sources instead of bundles. */
  fromSources?: boolean
  /** Tests may lose data when the machine crashes. */
  isDurable?: boolean
  /** What the emulator reads; knative/base unless it is said otherwise. */
  manifests?: string
  /** More settings for one function's process, or the bank's: tests arm failpoints and bend addresses with them. */
  settings?: (name: string) => Record<string, string>
  /** Stands around each delivery of the Broker: tests lose and repeat some there. */
  aroundDelivery?: EmulatorOptions['aroundDelivery']
  /** Chaos kills young processes on purpose: waiting long for the next would leave it nothing to break. */
  restartWaitMsMax?: number
  say: (line: string) => void
}

/** All of Boxoffice on one machine. */
export type Stack = {
  url: string
  brokerUrl: string
  mailboxUrl: string
  bankUrl: string
  adminUrl: string
  redisUrl: string
  secrets: Secrets
  emulator: Emulator
  databaseUrl: (name: FunctionName) => string
  /** The same database, for the role that only reads. */
  observerUrl: (name: FunctionName) => string
  /** Ends all of it, in the order in which it is needed; leaves no process behind. */
  stop(): Promise<void>
}

/** Starts Postgres, Redis, the bank, the mailbox and the emulator with every function, and leaves them running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { say, isDurable = true } = options
  const folder = resolve(options.folder)
  mkdirSync(join(folder, 'logs'), { recursive: true })
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const one of stops.splice(0).toReversed()) await one()
  }
  try {
    const secrets = secretsIn(folder)
    const together = options.isTogether ? databaseOwners : []
    const names = [...functionNames, ...(options.isTogether ? ['together', 'front'] : [])]
    const built = options.fromSources ? undefined : bundles(names)
    const [postgres, redis, queue] = await Promise.all([
      outside('DATABASE_URL', (adminUrl) => ({ adminUrl, stop: async () => {} })) ??
        startPostgres({ folder: join(folder, 'postgres'), isDurable, say }),
      outside('REDIS_URL', (url) => ({ url, stop: async () => {} })) ??
        startRedis({ folder: join(folder, 'redis'), isDurable, say }),
      startRedis({ folder: join(folder, 'broker'), isDurable, say }),
    ])
    stops.push(postgres.stop, redis.stop, queue.stop)

    const urlOf = (name: FunctionName) =>
      databaseUrl(postgres.adminUrl, name, secrets.databases[name] ?? '')
    await ensureDatabases(postgres.adminUrl, secrets.databases, secrets.observer)
    for (const [name, ran] of Object.entries(await migrateAll(urlOf)))
      if (ran.length > 0) say(`${name}: ran migration ${ran.join(', ')}`)

    const mailbox = await startMailbox({ say })
    stops.push(mailbox.stop)
    const port = options.port || (await freePort())
    if (options.isTogether && !(await isFree(port))) throw new Error(`port ${port} is in use`)
    const bank = await startBank(folder, secrets, { port, settings: options.settings?.('bank') })
    stops.push(bank.stop)

    const fileOf = await built
    const directly = options.isTogether ? await addressesTogether(port) : undefined
    const runAs = (name: string) => (options.isTogether && name === 'gateway' ? 'front' : name)
    const emulator = await startEmulator({
      manifests: resolve(options.manifests ?? 'knative/base'),
      port: options.isTogether ? await freePort() : port,
      brokerPort: options.brokerPort,
      redisUrl: queue.url,
      values: values({
        secrets,
        urlOf,
        redisUrl: redis.url,
        bankUrl: bank.url,
        smtpUrl: mailbox.smtpUrl,
        publicUrl: `http://127.0.0.1:${port}`,
      }),
      command: (name) => ({
        file: process.execPath,
        args: [fileOf ? fileOf(runAs(name)) : resolve(entryOf(runAs(name)))],
      }),
      environment: (name) => ({ ...compiled, ...directly?.(name), ...options.settings?.(name) }),
      logFolder: join(folder, 'logs'),
      isWarm: options.isWarm ?? options.isTogether ?? false,
      together,
      aroundDelivery: options.aroundDelivery,
      restartWaitMsMax: options.restartWaitMsMax,
      sidecars: { mail: mailbox.port, bank: bank.port },
      say,
    })
    stops.push(emulator.stop)
    return {
      url: `http://127.0.0.1:${port}`,
      brokerUrl: emulator.brokerUrl,
      mailboxUrl: `http://127.0.0.1:${mailbox.port}`,
      bankUrl: bank.url,
      adminUrl: postgres.adminUrl,
      redisUrl: redis.url,
      secrets,
      emulator,
      databaseUrl: urlOf,
      observerUrl: (name) => databaseUrl(postgres.adminUrl, name, secrets.observer, observer),
      stop,
    }
  } catch (err) {
    await stop()
    throw err
  }
}

const compiled = { NODE_COMPILE_CACHE: compileCache }

/**
 * Clients speak to the gateway, and it to the one process of all others, without the ingress between them: three hops
 * less a request. Nobody stands before it whose word on where a request came from it could believe.
 */
async function addressesTogether(publicPort: number) {
  const port = await freePort()
  const addresses = databaseOwners.map((name) => `${name}=127.0.0.1:${port}`).join(',')
  const gateway = {
    PORT: String(publicPort),
    FUNCTION_ADDRESSES: addresses,
    TRUSTED_PROXIES: '',
  }
  return (name: string): Record<string, string> => {
    if (name === 'together') return { PORT: String(port) }
    return name === 'gateway' ? gateway : {}
  }
}

/** A service that is there already, named by the environment. */
function outside<Service>(name: string, use: (url: string) => Service): Service | undefined {
  const url = process.env[name]
  return url ? use(url) : undefined
}

type Places = {
  secrets: Secrets
  urlOf: (name: FunctionName) => string
  redisUrl: string
  bankUrl: string
  smtpUrl: string
  publicUrl: string
}

/** What the manifests leave to ConfigMaps and Secrets, with this machine's addresses. */
function values({ secrets, urlOf, redisUrl, bankUrl, smtpUrl, publicUrl }: Places) {
  return {
    configMaps: { boxoffice: { REDIS_URL: redisUrl, SANDBOX_URL: bankUrl, PUBLIC_URL: publicUrl } },
    secrets: {
      boxoffice: { SERVICE_KEY: secrets.serviceKey, EVENT_KEY: secrets.eventKey },
      users: { 'key-secret': secrets.usersKey },
      contacts: { 'contact-key': secrets.contactKey },
      payments: { 'sandbox-webhook-key': secrets.webhookKey },
      tickets: { 'ticket-key': secrets.ticketKey },
      notifications: { 'key-secret': secrets.notificationsKey, 'smtp-url': smtpUrl },
      ...Object.fromEntries(
        databaseOwners.map((name) => [`${name}-database`, { url: urlOf(name) }]),
      ),
    },
  }
}
