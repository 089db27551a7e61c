import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { bundles, compileCache } from '../bundles.ts'
import { machine, median, round, table } from './figures.ts'
import { openMarket, type Market } from './market.ts'

/** A route of each function that reads its database. */
const reads: Partial<Record<FunctionName, string>> = {
  users: '/.well-known/jwks.json',
  catalog: '/v1/events',
  seating: `/v1/seats?eventId=${newId()}`,
  orders: '/v1/orders',
  payments: `/v1/payments/${newId()}`,
  tickets: '/v1/tickets',
  notifications: '/v1/notifications',
  'waiting-room': `/v1/waiting-room/${newId()}`,
  'dead-letters': '/v1/dead-letters',
}

type Times = { healthMs: number; readMs: number | undefined; rssMb: number }

/** From spawn to the first 200 of /health, and to the first answer that the database had a part in. */
export async function benchColdStart({ runs }: { runs: number }): Promise<void> {
  const say = (line: string) => console.error(line)
  const market = await openMarket(1, 1, () => {})
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-cold-'))
  try {
    const fileOf = await bundles(functionNames)
    const empty = join(folder, 'empty.mjs')
    writeFileSync(empty, emptyServer)
    const floors: number[] = []
    const times = new Map<FunctionName, Times[]>(functionNames.map((name) => [name, []]))
    // The first round fills V8's compile cache and is not counted, as an image is built before it is run.
    for (let run = 0; run <= Math.max(5, runs); run++) {
      say(run === 0 ? 'warm-up' : `run ${run} of ${Math.max(5, runs)}`)
      const floor = await once(empty, {}, undefined)
      const starts = await startEach(market, fileOf)
      if (run === 0) continue
      floors.push(floor.healthMs)
      for (const [name, taken] of starts) times.get(name)?.push(taken)
    }
    print(floors, times)
  } finally {
    await market.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One start of every function, one after the other. */
async function startEach(market: Market, fileOf: (name: FunctionName) => string) {
  const starts: [FunctionName, Times][] = []
  for (const name of functionNames)
    starts.push([
      name,
      await once(fileOf(name), environmentOf(market, name), reads[name], market.tokens[0]),
    ])
  return starts
}

const emptyServer = `
import { createServer } from 'node:http'
const server = createServer((_, answer) => answer.end('ok'))
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ port: server.address().port }))
process.once('SIGTERM', () => process.exit(0))`

function environmentOf({ stack }: Market, name: FunctionName): Record<string, string> {
  return {
    ...(name === 'gateway' ? {} : { DATABASE_URL: stack.databaseUrl(name) }),
    REDIS_URL: stack.redisUrl,
    BROKER_URL: stack.brokerUrl,
    INGRESS_ADDRESS: new URL(stack.url).host,
    SERVICE_KEY: stack.secrets.serviceKey,
    EVENT_KEY: stack.secrets.eventKey,
    KEY_SECRET: stack.secrets.usersKey,
    TICKET_KEY: stack.secrets.ticketKey,
    SANDBOX_URL: stack.bankUrl,
    SANDBOX_WEBHOOK_KEY: stack.secrets.webhookKey,
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'Boxoffice <tickets@boxoffice.example>',
    LOG_LEVEL: 'warn',
    NODE_COMPILE_CACHE: compileCache,
  }
}

async function once(
  file: string,
  env: Record<string, string>,
  read: string | undefined,
  token = '',
): Promise<Times> {
  const start = performance.now()
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const { port } = await Promise.race([
    new Promise<{ port: number }>((resolve) =>
      child.once('message', (it) => resolve(it as { port: number })),
    ),
    gone.then(() => Promise.reject(new Error(`${file} ended before it listened`))),
  ])
  await get(port, '/health')
  const healthMs = performance.now() - start
  if (read) await get(port, read, token)
  const readMs = read ? performance.now() - start : undefined
  const rssMb = await memoryOf(child.pid ?? 0)
  child.kill('SIGTERM')
  await gone
  return { healthMs, readMs, rssMb }
}

async function memoryOf(pid: number): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024
}

/** Any answer below 500 counts: a 404 has asked the database too. */
function get(port: number, path: string, token?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const signal = AbortSignal.timeout(10_000)
    request({ port, path, host: '127.0.0.1', headers, signal }, (incoming) => {
      incoming.resume()
      const status = incoming.statusCode ?? 0
      incoming.on('end', () =>
        status < 500 ? resolve() : reject(new Error(`${path} answered ${status}`)),
      )
    })
      .on('error', reject)
      .end()
  })
}

function print(floors: number[], times: Map<FunctionName, Times[]>): void {
  const floorMs = median(floors)
  const rows = Array.from(times, ([name, all]) => {
    const healthMs = median(all.map((one) => one.healthMs))
    const readMs = median(all.flatMap((one) => one.readMs ?? []))
    return { name, healthMs, readMs, rssMb: median(all.map((one) => one.rssMb)) }
  })
  const shown = (ms: number) => (Number.isNaN(ms) ? '–' : round(ms))
  const ratio = (ms: number) => (Number.isNaN(ms) ? '–' : round(ms / floorMs, 2))
  console.log(
    table(
      ['cold start', '/health ms', 'ratio', 'database ms', 'ratio', 'RSS MB'],
      [
        ['empty node:http', round(floorMs), 1, '–', '–', '–'],
        ...rows.map((row) => [
          row.name,
          shown(row.healthMs),
          ratio(row.healthMs),
          shown(row.readMs),
          ratio(row.readMs),
          round(row.rssMb),
        ]),
      ],
    ),
  )
  const functions = Object.fromEntries(
    rows.map(({ name, healthMs, readMs, rssMb }) => [
      name,
      {
        healthMs: round(healthMs),
        healthRatio: round(healthMs / floorMs, 2),
        ...(Number.isNaN(readMs)
          ? {}
          : { readMs: round(readMs), readRatio: round(readMs / floorMs, 2) }),
        rssMb: round(rssMb),
      },
    ]),
  )
  console.log(
    JSON.stringify({ bench: 'cold-start', floorMs: round(floorMs), functions, machine: machine() }),
  )
}
