import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { databaseUrl } from '../../compose/local/databases.ts'
import { freePort } from '../../compose/local/ports.ts'
import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { failpoints } from '../../functions/_runtime/failpoint.ts'
import { secretsIn } from '../secrets.ts'
import { startStack, type Stack } from '../stack.ts'
import { createDelivery, type Delivery } from './delivery.ts'
import { openEdges, type Edges } from './edges.ts'
import { openProviderFaults, type ProviderFaults } from './provider.ts'
import type { Edge } from './proxy.ts'
import type { Random } from './random.ts'
import { supervisePostgres, superviseRedis, type Service } from './services.ts'

/** By the wall clock, in milliseconds. */
export type Span = { fromMs: number; untilMs: number }

/** All of Boxoffice as it runs on one machine, and a hand on every part of it. */
export type World = {
  stack: Stack
  folder: string
  postgres: Service
  redis: Service
  /** From when to when there was none, by the wall clock. */
  redisGone: Span[]
  /** From when to when the clock of some function was wrong. */
  clockWrong: Span[]
  edges: Map<string, Edge>
  delivery: Delivery
  provider: ProviderFaults
  /** Where buyers knock: the gateway's public address, through an edge of theirs. */
  publicUrl: string
  /** Milliseconds by which a function's clock is wrong; its next process has it. */
  skews: Map<string, number>
  /** What the emulator said. */
  lines: string[]
  pidsOf(name: FunctionName): number[]
  /** Has the function's process end itself when it next gets there. */
  arm(name: FunctionName, point: string): void
  disarm(): void
  isArmed(name: FunctionName, point: string): boolean
  close(): Promise<void>
}

/** Times that are short enough for holds to run out and leases to be taken over, again and again. */
const settings = {
  HOLD_SECONDS: '6',
  HOLD_SECONDS_MAX: '12',
  LEASE_SECONDS: '3',
  SAGA_SECONDS: '6',
  PROVIDER_SECONDS: '2.5',
  CHECK_ANSWERS: 'on',
}

/** Starts everything in `folder`, warm, with an edge between any two parts and nothing wrong yet. */
export async function openWorld(folder: string, random: Random): Promise<World> {
  const stops: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const stop of stops.splice(0).toReversed())
      await stop().catch((err: unknown) => console.error(err))
  }
  const opened = <Part extends { close(): Promise<void> }>(part: Part) => {
    stops.push(part.close)
    return part
  }
  try {
    const postgres = await supervisePostgres(folder)
    stops.push(postgres.stop)
    const redis = await superviseRedis(folder)
    stops.push(redis.stop)
    const [port, brokerPort] = [await freePort(), await freePort()]
    let bankPort = 0
    const provider = opened(
      await openProviderFaults(random.fork('provider'), {
        bank: () => bankPort,
        webhooks: () => port,
      }),
    )
    const edges = opened(
      await openEdges(random, {
        postgres: postgres.port,
        redis: redis.port,
        broker: () => brokerPort,
        ingress: () => port,
        bank: () => provider.bankPort,
        webhooks: () => provider.webhookPort,
      }),
    )
    const adminUrl = withPort(postgres.adminUrl(), edges.port('harness>postgres'))
    process.env.DATABASE_URL = adminUrl
    process.env.REDIS_URL = `redis://127.0.0.1:${edges.port('harness>redis')}`
    const marks = failpointMarks(join(folder, 'marks'))
    const skews = new Map<string, number>()
    const delivery = createDelivery(random.fork('delivery'))
    const lines: string[] = []
    const stack = await startStack({
      folder,
      port,
      brokerPort,
      isDurable: false,
      isWarm: true,
      restartWaitMsMax: 500,
      // Only sources can be given a bug.
      fromSources: process.env.PLANTED_BUG !== undefined,
      aroundDelivery: delivery.around,
      settings: settingsThrough({ edges, adminUrl, folder, skews }),
      say: (line) => lines.push(line),
    })
    stops.push(stack.stop)
    bankPort = Number(new URL(stack.bankUrl).port)
    return {
      stack,
      folder,
      postgres,
      redis,
      redisGone: [],
      clockWrong: [],
      edges: edges.all,
      delivery,
      provider,
      publicUrl: `http://127.0.0.1:${edges.port('people>gateway')}`,
      skews,
      lines,
      pidsOf: (name) => stack.emulator.status()[name]?.processes.map(({ pid }) => pid) ?? [],
      ...marks,
      close,
    }
  } catch (err) {
    await close()
    throw err
  }
}

const clock = pathToFileURL(join(import.meta.dirname, 'skewed-clock.mjs')).href

type Through = { edges: Edges; adminUrl: string; folder: string; skews: Map<string, number> }

/** What each process is told, so that all it talks to lies behind an edge of its own. */
function settingsThrough({ edges, adminUrl, folder, skews }: Through) {
  const { databases } = secretsIn(folder)
  const local = (edge: string) => `127.0.0.1:${edges.port(edge)}`
  const { PLANTED_BUG } = process.env

  return (name: string): Record<string, string> => {
    if (name === 'bank')
      return { WEBHOOK_URL: `http://${local('bank>webhooks')}/v1/payments/webhooks/sandbox` }
    const skewMs = skews.get(name)
    const password = databases[name]
    return {
      ...settings,
      REDIS_URL: `redis://${local(`${name}>redis`)}`,
      BROKER_URL: `http://${local(`${name}>broker`)}/boxoffice/default`,
      INGRESS_ADDRESS: local(`${name}>ingress`),
      SANDBOX_URL: `http://${local('payments>bank')}`,
      FAILPOINTS: (failpoints[name as FunctionName] ?? []).join(),
      FAILPOINTS_ONCE: join(folder, 'marks', name),
      ...(password && {
        DATABASE_URL: withPort(
          databaseUrl(adminUrl, name, password),
          edges.port(`${name}>postgres`),
        ),
      }),
      ...(PLANTED_BUG && { PLANTED_BUG }),
      ...(skewMs && { NODE_OPTIONS: `--import=${clock}`, CHAOS_SKEW_MS: String(skewMs) }),
    }
  }
}

/** A mark says that a failpoint has gone off; taking it away arms it. */
function failpointMarks(folder: string) {
  const markOf = (name: string, point: string) => join(folder, name, point)
  const disarm = () => {
    for (const name of functionNames) {
      mkdirSync(join(folder, name), { recursive: true })
      for (const point of failpoints[name]) writeFileSync(markOf(name, point), '')
    }
  }
  disarm()
  return {
    disarm,
    arm: (name: FunctionName, point: string) => rmSync(markOf(name, point), { force: true }),
    isArmed: (name: FunctionName, point: string) => !existsSync(markOf(name, point)),
  }
}

function withPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
