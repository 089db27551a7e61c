import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { functionNames, type FunctionName } from '../../contracts/functions.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { bundles } from '../bundles.ts'
import { overBudget, type Start } from './budget.ts'
import { atEnd } from './ending.ts'
import { machine, median, round, table } from './figures.ts'
import { firstAnswer, type FirstAnswer } from './first-answer.ts'
import { openMarket, type Market } from './market.ts'
import type { Options } from './options.ts'
import type { Report } from './report.ts'

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

/** From spawn to the first 200 of /health, and to the first answer that the database had a part in. */
export async function benchColdStart({ runs, isBudget, say }: Options): Promise<Report> {
  const market = await openMarket(1)
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-cold-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const empty = join(folder, 'empty.mjs')
  writeFileSync(empty, emptyServer)
  const fileOf = await bundles(functionNames)

  // Of its own: what a process compiled that ran for long is more than a first answer needs, and slower to read.
  const cache = join(folder, 'compiled')
  const again = () => measure({ market, empty, fileOf, cache, runs: Math.max(5, runs), say })
  let measured = await again()
  if (!isBudget) return reportOf(measured)
  // Bytes and memory are what they are. Time may have been somebody else's.
  let over = overBudget(measured.starts)
  if (over.length > 0 && over.every(({ isTime }) => isTime)) {
    measured = await again()
    over = overBudget(measured.starts)
  }
  return { ...reportOf(measured), failures: over.map(({ what }) => what) }
}

type Measured = { floorMs: number; starts: Start[] }

type Measuring = {
  market: Market
  empty: string
  fileOf: (name: FunctionName) => string
  cache: string
  runs: number
  say: (line: string) => void
}

async function measure({ market, empty, fileOf, cache, runs, say }: Measuring): Promise<Measured> {
  const floors: number[] = []
  const answers = new Map<FunctionName, FirstAnswer[]>(functionNames.map((name) => [name, []]))
  // The first round fills V8's compile cache and is not counted, as an image is built before it is run.
  for (let run = 0; run <= runs; run++) {
    say(run === 0 ? 'warm-up' : `run ${run} of ${runs}`)
    const floor = await firstAnswer(empty, {}, undefined)
    const taken = await startEach({ market, fileOf, cache })
    if (run === 0) continue
    floors.push(floor.healthMs)
    for (const [name, one] of taken) answers.get(name)?.push(one)
  }
  const floorMs = median(floors)
  const starts = Array.from(answers, ([name, all]): Start => {
    const healthMs = median(all.map((one) => one.healthMs))
    const reading = all.flatMap((one) => one.readMs ?? [])
    const readMs = reading.length > 0 ? median(reading) : undefined
    return {
      name,
      healthMs,
      healthRatio: healthMs / floorMs,
      readMs,
      readRatio: readMs && readMs / floorMs,
      rssMb: median(all.map((one) => one.rssMb)),
      ...bytesOf(fileOf(name)),
    }
  })
  return { floorMs, starts }
}

/** One start of every function, one after the other. */
async function startEach({
  market,
  fileOf,
  cache,
}: Pick<Measuring, 'market' | 'fileOf' | 'cache'>) {
  const starts: [FunctionName, FirstAnswer][] = []
  for (const name of functionNames) {
    const env = { ...environmentOf(market, name), NODE_COMPILE_CACHE: cache }
    starts.push([name, await firstAnswer(fileOf(name), env, reads[name], market.tokens[0])])
  }
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
    CONTACT_KEY: stack.secrets.contactKey,
    TICKET_KEY: stack.secrets.ticketKey,
    SANDBOX_URL: stack.bankUrl,
    SANDBOX_WEBHOOK_KEY: stack.secrets.webhookKey,
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'Boxoffice <tickets@boxoffice.example>',
    LOG_LEVEL: 'warn',
  }
}

/** What is read before the function listens, and all of its code, in KiB. */
function bytesOf(main: string): { firstKb: number; bundleKb: number } {
  const folder = dirname(main)
  const first = new Set([main])
  // A set that grows while it is walked gives what was added, too.
  for (const file of first)
    for (const [, chunk = ''] of readFileSync(file, 'utf8').matchAll(staticImport))
      first.add(join(folder, chunk))
  const kb = (files: Iterable<string>) =>
    [...files].reduce((sum, file) => sum + statSync(file).size, 0) / 1024
  return { firstKb: kb(first), bundleKb: kb(globSync(join(folder, '*.{mjs,cjs}'))) }
}

const staticImport = /(?:\bfrom|\bimport)\s*"(\.\/[^"]+\.mjs)"/g

function reportOf({ floorMs, starts }: Measured): Report {
  const shown = (value: number | undefined, digits = 0) =>
    value === undefined ? '–' : round(value, digits)
  return {
    table: table(
      ['cold start', '/health ms', 'ratio', 'database ms', 'ratio', 'RSS MiB', 'first KiB', 'KiB'],
      [
        ['empty node:http', round(floorMs), 1, '–', '–', '–', '–', '–'],
        ...starts.map((one) => [
          one.name,
          shown(one.healthMs),
          shown(one.healthRatio, 2),
          shown(one.readMs),
          shown(one.readRatio, 2),
          shown(one.rssMb),
          shown(one.firstKb),
          shown(one.bundleKb),
        ]),
        ['target', '', '≤ 1.5', '', '≤ 2.5', '', '', ''],
      ],
    ),
    json: {
      bench: 'cold-start',
      floorMs: round(floorMs),
      functions: Object.fromEntries(
        starts.map(({ name, healthRatio, readRatio, ...rest }) => [
          name,
          {
            ...Object.fromEntries(
              Object.entries(rest).map(([key, value]) => [key, value && round(value)]),
            ),
            healthRatio: round(healthRatio, 2),
            readRatio: readRatio && round(readRatio, 2),
          },
        ]),
      ),
      machine: machine(),
    },
  }
}
