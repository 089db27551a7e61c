import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { withClient, inDatabase } from '../../compose/local/databases.ts'
import { newId } from '../../functions/_runtime/ids.ts'
import { testEnv } from '../../functions/_runtime/testing/env.ts'
import { endTesting } from '../../functions/_runtime/testing/services.ts'
import { accessToken } from '../../functions/_runtime/testing/tokens.ts'
import { migrations } from '../../functions/waiting-room/migrations/index.ts'
import { queueKeys } from '../../functions/waiting-room/queue.ts'
import { atEnd } from './ending.ts'
import { machine, median, round, table } from './figures.ts'
import type { Options } from './options.ts'
import type { Report } from './report.ts'

const waitingCount = 100_000
const perMinute = 1200
const openAtOnce = 200
/** One address of the loopback has not enough ports for all. */
const portsPerAddress = 20_000

/**
 * What it costs to tell people their places: 100,000 in line, some of them over a stream, spread over all of the
 * line. The processor time is that of the function's process, told by the kernel.
 */
export async function benchWaitingRoom({ streams, seconds }: Options): Promise<Report> {
  atEnd(endTesting)
  const env: Record<string, string> = {
    ...(await testEnv('waiting-room', migrations)),
    LOG_LEVEL: 'error',
  }
  const { eventId, followers } = await fill(env.DATABASE_URL ?? '', streams)
  const main = new URL('../../functions/waiting-room/main.ts', import.meta.url)
  const child = fork(main, { env: { ...env, CHECK_ANSWERS: 'off', PORT: '0', HOST: '127.0.0.1' } })
  atEnd(() => child.kill('SIGKILL'))
  const sockets: Socket[] = []
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const path = `/v1/waiting-room/${eventId}`
    const rebuiltMs = await firstAnswerMs(`http://127.0.0.1:${port}${path}`)
    await letIn(env.REDIS_URL ?? '', eventId)
    const before = residentMb(child)
    const opened = await openStreams({ port, path, followers, sockets })
    // The first positions of all are told within seconds; what is measured is the long wait after.
    await pause(50_000)
    const rows = await measure(child, seconds, () => opened.messages)
    const cpu = rows.map(({ cpuPercent }) => cpuPercent)
    const perSecond = rows.map(({ messages }) => messages)
    const figures: [string, number][] = [
      ['in line', waitingCount],
      ['streams', sockets.length],
      ['queue made from its journal, ms', round(rebuiltMs)],
      ['opening a stream, ms of processor', round(opened.cpuMs, 2)],
      ['resident KB a stream', round(((residentMb(child) - before) * 1024) / sockets.length, 1)],
      ['positions told a second', round(median(perSecond))],
      ['processor, % of one core', round(median(cpu), 1)],
      ['microseconds of processor a position', round((median(cpu) * 1e4) / median(perSecond), 1)],
    ]
    return {
      table: table(['waiting room', 'value'], figures),
      json: { bench: 'waiting-room', ...Object.fromEntries(figures), machine: machine() },
    }
  } finally {
    for (const socket of sockets) socket.destroy()
  }

  async function openStreams(given: {
    port: number
    path: string
    followers: string[]
    sockets: Socket[]
  }) {
    const counts = { messages: 0, cpuMs: 0 }
    const start = cpuMs(child)
    for (let i = 0; i < given.followers.length; i += openAtOnce) {
      const some = given.followers.slice(i, i + openAtOnce)
      const heads = await Promise.all(
        some.map(async (userId, at) => ({
          localAddress: `127.0.0.${2 + Math.floor((i + at) / portsPerAddress)}`,
          head: `GET ${given.path}/stream HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${await accessToken(userId)}\r\n\r\n`,
        })),
      )
      const open = heads.map(({ head, localAddress }) =>
        openStream(given.port, localAddress, head, counts),
      )
      given.sockets.push(...(await Promise.all(open)))
    }
    counts.cpuMs = (cpuMs(child) - start) / given.followers.length
    return counts
  }
}

/** Opened once its first position is there. */
function openStream(
  port: number,
  localAddress: string,
  head: string,
  counts: { messages: number },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(head))
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.includes('event: place')) return
      counts.messages += 1
      resolve(socket)
    })
  })
}

/** People in line since the opening, by SQL: the function makes its queue from them. */
async function fill(url: string, streams: number) {
  const eventId = newId()
  const followers = Array.from({ length: streams }, newId)
  await withClient(inDatabase(url, new URL(url).pathname.slice(1)), async (client) => {
    await client.query('set statement_timeout = 0')
    const times = `now() - interval '1 hour', now() + interval '1 day'`
    await client.query(
      `insert into events (id, status, on_sale_at, ends_at, version) values ($1, 'SCHEDULED', ${times}, 1)`,
      [eventId],
    )
    await client.query(
      `insert into rooms (event_id, admissions_per_minute, admitted_max, admission_minutes, is_for_everybody,
         seed, opened_at, changed_by) values ($1, $2, 100000, 10, false, 'seed', now(), $1)`,
      [eventId, perMinute],
    )
    await client.query(
      `insert into joins (event_id, user_id, number)
       select $1, user_id, n * $3 / $4 from unnest($2::uuid[]) with ordinality as f (user_id, n)`,
      [eventId, followers, waitingCount, streams],
    )
    await client.query(
      `insert into joins (event_id, user_id, number)
       select $1, uuidv7(), n from generate_series(1, $2::int) as n
       where not exists (select from joins where event_id = $1 and number = n)`,
      [eventId, waitingCount],
    )
  })
  return { eventId, followers }
}

/** Nobody would be let in for a minute after a loss. */
async function letIn(url: string, eventId: string): Promise<void> {
  const redis = new Redis(url)
  await redis.hdel(queueKeys(eventId).queue, 'quietUntil')
  await redis.quit()
}

async function firstAnswerMs(url: string): Promise<number> {
  const start = performance.now()
  for (;;) {
    const authorization = `Bearer ${await accessToken(newId())}`
    const answer = await fetch(url, { headers: { authorization } })
    await answer.text()
    if (answer.status === 200) return performance.now() - start
    if (performance.now() - start > 60_000) throw new Error(`still ${answer.status}`)
    await pause(100)
  }
}

async function measure(child: ChildProcess, seconds: number, messages: () => number) {
  const rows: { cpuPercent: number; messages: number }[] = []
  for (let i = 0; i < seconds; i += 5) {
    const [cpu, told, at] = [cpuMs(child), messages(), performance.now()]
    await pause(5000)
    const ms = performance.now() - at
    rows.push({
      cpuPercent: ((cpuMs(child) - cpu) * 100) / ms,
      messages: ((messages() - told) * 1000) / ms,
    })
  }
  return rows
}

/** User and system time of a process, in ms: fields 14 and 15 of its stat, in hundredths of a second. */
function cpuMs({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function residentMb({ pid }: ChildProcess): number {
  const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
