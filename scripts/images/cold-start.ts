import { setMaxListeners } from 'node:events'
import { request } from 'node:http'
import { parse } from 'yaml'
import { freePort } from '../../compose/local/ports.ts'
import type { FunctionName } from '../../contracts/functions.ts'
import { machine, median, round, table } from '../bench/figures.ts'
import { ask, until } from '../compose/ask.ts'
import { dockerOrFail, findCompose, openProject, type Project } from '../compose/project.ts'
import { ownersOf } from '../compose/services.ts'

/** A route of each function that its database has a part in. */
const reads: Partial<Record<FunctionName, string>> = {
  users: '/v1/users/me',
  catalog: '/v1/events',
  seating: '/v1/seats?eventId=0190a8f0-0000-7000-8000-000000000000',
  orders: '/v1/orders',
  payments: '/v1/payments/0190a8f0-0000-7000-8000-000000000000',
  tickets: '/v1/tickets',
  notifications: '/v1/notifications',
}

const emptyServer =
  "require('node:http').createServer((_, answer) => answer.end('ok')).listen(8080);process.once('SIGTERM', () => process.exit(0))"
const empty = ['--entrypoint=node', 'node:24-bookworm-slim', '-e', emptyServer]
const runs = 5

type Times = { healthMs: number; readMs?: number }

/**
 * From `docker start` to the first 200 of /health, and to the first answer from the database, of each function's
 * image and of an empty server on the same base. The engine's own part is in all of them.
 */
export async function benchContainers(names: readonly FunctionName[], version: string) {
  const compose = await findCompose()
  if (!compose) throw new Error('there is no Compose: it brings up Postgres and Redis')
  const project = await openProject(compose.command, version)
  const times = new Map<string, Times[]>(['empty node:http', ...names].map((name) => [name, []]))
  try {
    console.log('cold start: bringing up Postgres and Redis, with every function migrated')
    const environments = await prepare(project)
    const token = await logIn(project, environments.users ?? [])
    for (let run = 1; run <= runs; run++) {
      console.log(`cold start: run ${run} of ${runs}`)
      times.get('empty node:http')?.push(await once(project, empty))
      for (const name of names) {
        const args = [...(environments[name] ?? []), `boxoffice/${name}:${version}`]
        times.get(name)?.push(await once(project, args, reads[name], token))
      }
    }
  } finally {
    await project.remove()
  }
  print(times)
}

/** The environment of each function, as arguments for `docker create`, once its database is migrated. */
async function prepare({ compose }: Project): Promise<Record<string, string[]>> {
  const migrations = ownersOf().map((name) => `${name}-migrate`)
  await compose('up', '--detach', 'redis', ...migrations)
  const { services } = parse(await compose('config')) as {
    services: Record<string, { environment?: Record<string, string> }>
  }
  return Object.fromEntries(
    Object.entries(services).map(([name, { environment = {} }]) => [
      name,
      Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
    ]),
  )
}

/** A buyer's token, from a users container that runs only for this. */
function logIn(project: Project, environment: string[]): Promise<string> {
  return withContainer(project, [...environment, 'boxoffice/users'], async ({ port, start }) => {
    await start()
    const body = { email: 'cold@buyers.example', password: 'correct horse battery staple' }
    const post = (path: string, more = {}) =>
      ask(port, { method: 'POST', path, body: { ...body, ...more } })
    // Its database may still be migrated at this moment.
    await until(
      'users opens an account',
      async () => [201, 409].includes((await post('/v1/users', { name: 'Cold' })).status),
      60,
    )
    const session = await post('/v1/auth/login')
    return String(session.body?.accessToken)
  })
}

function once(project: Project, args: string[], read?: string, token = ''): Promise<Times> {
  return withContainer(project, args, async ({ port, start }) => {
    const began = performance.now()
    const started = start()
    await healthy(port)
    const times: Times = { healthMs: performance.now() - began }
    if (read) {
      const { status } = await ask(port, { path: read, token })
      if (![200, 404].includes(status))
        throw new Error(`${args.at(-1)}: ${read} answered ${status}`)
      times.readMs = performance.now() - began
    }
    await started
    return times
  })
}

type Created = { port: number; start: () => Promise<string> }

/** A container of the project, as confined as compose.yaml runs them, for as long as `work` takes. */
async function withContainer<Result>(
  { name }: Project,
  args: string[],
  work: (created: Created) => Promise<Result>,
): Promise<Result> {
  const port = await freePort()
  const created = await dockerOrFail(
    'create',
    `--network=${name}_default`,
    `--publish=127.0.0.1:${port}:8080`,
    '--read-only',
    '--tmpfs=/tmp',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--user=1000:1000',
    ...args,
  )
  const container = created.trim()
  try {
    return await work({ port, start: () => dockerOrFail('start', container) })
  } finally {
    await dockerOrFail('rm', '--force', container)
  }
}

/**
 * Until the first 200. Asks anew every few milliseconds without waiting for what was asked before: a packet that
 * comes before the container has its network is sent again only after a second.
 */
function healthy(port: number): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController()
    const { signal } = over
    setMaxListeners(0, signal)
    const asking = setInterval(() => {
      const options = { host: '127.0.0.1', port, path: '/health', agent: false, signal } as const
      request(options, ({ statusCode }) => {
        if (statusCode !== 200 || signal.aborted) return
        clearInterval(asking)
        over.abort()
        resolve()
      })
        .on('error', () => {})
        .end()
    }, 5)
  })
}

function print(times: Map<string, Times[]>): void {
  const rows = Array.from(times, ([name, all]) => ({
    name,
    healthMs: round(median(all.map((one) => one.healthMs))),
    readMs: round(median(all.flatMap((one) => one.readMs ?? []))),
  }))
  const [floor] = rows
  const floorMs = floor?.healthMs ?? Number.NaN
  const shown = (ms: number) => (Number.isNaN(ms) ? '–' : ms)
  console.log(
    table(
      [
        'cold start of a container',
        '/health ms',
        'more than empty',
        'database ms',
        'more than empty',
      ],
      rows.map(({ name, healthMs, readMs }) => [
        name,
        healthMs,
        healthMs - floorMs,
        shown(readMs),
        shown(readMs - floorMs),
      ]),
    ),
  )
  console.log(JSON.stringify({ bench: 'containers', runs, containers: rows, machine: machine() }))
}
