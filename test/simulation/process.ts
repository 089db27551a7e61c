import type { FunctionName } from '../../contracts/functions.ts'
import type { App } from '../../functions/_runtime/app.ts'
import { createCalls } from '../../functions/_runtime/calls.ts'
import { createDatabase } from '../../functions/_runtime/database.ts'
import type { Log } from '../../functions/_runtime/log.ts'
import type { Metrics } from '../../functions/_runtime/metrics.ts'
import { createOutbox } from '../../functions/_runtime/outbox.ts'
import { taking } from '../../functions/_runtime/receive.ts'
import { createRedis } from '../../functions/_runtime/redis.ts'
import type { Runtime } from '../../functions/_runtime/runtime.ts'
import { createSweeps } from '../../functions/_runtime/sweeps.ts'
import type { Caller, Tokens } from '../../functions/_runtime/tokens.ts'
import type { Bank } from './bank.ts'
import type { Broker } from './broker.ts'
import type { Owner } from './clock.ts'
import type { Server } from './database/pool.ts'
import type { Fault } from './faults.ts'
import { builders, type SimulatedFunction } from './functions.ts'
import type { Network } from './network.ts'
import type { Keys } from './redis.ts'
import { inside, through, type World } from './world.ts'

/** One run of a function, from its start to its death: all that it keeps in memory goes with it. */
export type Process = Owner & {
  name: SimulatedFunction
  app: App
  take: ReturnType<typeof taking>
  /** Finishes what was left standing. */
  sweep(): Promise<void>
  /** Called when the process dies. */
  onDeath: Set<() => void>
}

export const eventKey = 'the key that signs CloudEvents, here'

/** What a process finds when it starts. */
export type Surroundings = {
  databases: Record<SimulatedFunction, Server>
  keys: Keys
  broker: Broker
  network: Network
  bank: Bank
}

/** Starts a function from its real sources over the simulation's ports. */
export function startProcess(world: World, name: SimulatedFunction, around: Surroundings): Process {
  const { chance, counters, faults } = world
  const isSkewed = faults.isOn() && chance.is(0.15)
  if (isSkewed) counters['clock-skewed'] += 1
  const skewMs = isSkewed ? chance.whole(-20, 20) * 60_000 : 0
  const process = { name, isDead: false, skewMs, onDeath: new Set() } as unknown as Process
  return inside(process, () => {
    const runtime = createRuntime(world, process, around)
    const sweeps: { runAll: () => Promise<void> } = { runAll: async () => {} }
    const built = builders[name]({
      world,
      process,
      runtime,
      bank: around.bank,
      sweep: () => sweeps.runAll(),
    })
    Object.assign(sweeps, createSweeps(built.sweeps, runtime))
    return Object.assign(process, {
      app: built.app,
      take: taking(runtime, built.reactions),
      sweep: () => inside(process, sweeps.runAll),
    })
  })
}

const statementFaults: readonly Fault[] = ['before', 'lost', 'delay', 'crash-before', 'crash-after']
const redisFaults: readonly Fault[] = ['before', 'lost', 'delay']

function createRuntime(world: World, process: Process, around: Surroundings): Runtime {
  const { name } = process
  const log = createLog(world, name)
  const metrics = silentMetrics
  const database = createDatabase({
    url: `postgres://${name}@localhost/${name}`,
    connections: 6,
    prepared: true,
    entities: async () => [],
    log,
    open: async () =>
      around.databases[name].connect(gateOf(world, process), (work) => process.onDeath.add(work)),
  })
  const redis = createRedis({
    url: 'redis://localhost',
    log,
    metrics,
    open: async () =>
      around.keys.connect((command, effect) => {
        const down = () => new Error('Command timed out')
        if (world.outages.has('redis')) return Promise.reject(down())
        const port = { site: `${name}.redis ${command}`, effect, kinds: redisFaults }
        return through(world, process, { ...port, none: down, unknown: down, slowMs: [5, 240] })
      }),
  })
  const broker = {
    publish: (row: Parameters<Broker['publish']>[1]) => around.broker.publish(process, row),
    atOnceMax: 16,
    close: () => {},
  }
  const calls = createCalls({
    self: name,
    namespace: 'boxoffice',
    ingressAddress: undefined,
    addresses: '',
    tokenFor: async () => `function.${name}`,
    metrics,
    exchange: (...asked) => around.network.exchange(process, asked),
  })
  return {
    name,
    log,
    metrics,
    database,
    redis,
    calls,
    tokens: openTokens,
    checkAnswers: world.seed % 16 === 0,
    outbox: createOutbox({ database, broker, log }),
    eventKey,
    brokerUrl: '',
    close: async () => {},
  }
}

/** What Postgres may refuse at any moment, or the way to it. */
const passing = ['57P01', '55P03', '40P01', 'ECONNREFUSED']

function gateOf(world: World, process: Process): Parameters<Server['connect']>[0] {
  const { chance, counters, outages } = world
  const none = () =>
    Object.assign(new Error('the database did not take it'), { code: chance.pick(passing) })
  return (statement, effect) => {
    if (outages.has(process.name)) return Promise.reject(none())
    if (statement === 'hold-place' && outages.has('redis')) counters['redis-down-hold'] += 1
    return through(world, process, {
      site: `${process.name}.sql ${statement}`,
      effect,
      kinds: statementFaults,
      none,
      unknown() {
        counters[statement === 'commit' ? 'commit-unknown' : 'statement-unknown'] += 1
        return new Error('Connection terminated unexpectedly')
      },
      slowMs: [5, 1500],
    })
  }
}

/** A line that says `error` tells of a bug, unless it is one that operators are meant to see. */
function createLog({ trace, violations }: World, name: FunctionName): Log {
  const note = (level: string) => (facts: Record<string, unknown>, message: string) => {
    const { err } = facts as { err?: Error & { cause?: Error } }
    trace.note(`${name}.log`, level, message, err?.message, err?.cause?.message)
    if (level === 'error' && message === 'a request failed on a bug')
      violations.push(`${name}: a bug answered 500: ${err?.stack}`)
  }
  return { debug: () => {}, info: note('info'), warn: note('warn'), error: note('error') }
}

const nothing = { inc: () => {}, observe: () => {}, set: () => {} }

/** Nothing follows from what is counted. */
export const silentMetrics = new Proxy({} as Metrics, {
  get: (_, name) => (name === 'counter' || name === 'gauge' ? () => nothing : nothing),
})

/** Tokens in the clear, `user.<id>` and `function.<name>`: how they are signed has tests of its own. */
const openTokens: Tokens = {
  async verify(token) {
    const [kind, ...rest] = token.split('.')
    const id = rest.join('.')
    if (kind === 'function') return { kind, name: id } as Caller
    return { kind: 'user', id, roles: ['customer'] }
  },
  forCallee: async () => '',
}
