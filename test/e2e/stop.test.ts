import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { readRunFile } from '../../scripts/run-file.ts'
import { until } from './market.ts'

/** Only Linux shows what processes there are, and ends daemons together with their parent. */
const isLinux = platform() === 'linux'
const readyMsMax = 90_000
const stopMsMax = 30_000

const account = { email: 'stays@example.org', password: 'a long enough password' }

describe('npm start', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-stop-'))
  // What one test left running must not decide the next one.
  it.afterEach(() => {
    for (const pid of Object.keys(processesOf(folder))) process.kill(Number(pid), 'SIGKILL')
  })
  it.after(() => rmSync(folder, { recursive: true, force: true }))

  it('ends at Ctrl-C and leaves no process behind', async () => {
    const shop = await begin(folder, ['npm', 'start', '--'])
    const { status } = await shop.post('/v1/users', { ...account, name: 'Asha' })
    assert.is(status, 201)
    assertWholeShop(folder, ['npm start'])

    assert.is(await shop.ctrlC(), 0, shop.printed())
    assert.is(readRunFile(folder), undefined)
    assert.equal(processesOf(folder), {})
  })

  it('is ready again in less than 10 s, and has what it had', async () => {
    const shop = await begin(folder)
    assert.ok(shop.readyMs < 10_000, `${shop.readyMs} ms`)
    assert.is((await shop.post('/v1/auth/login', account)).status, 200)
    assert.is(await shop.ctrlC(), 0, shop.printed())
    assert.equal(processesOf(folder), {})
  })

  it('ends in order with 0 where a supervisor asks it to, and says nothing but that', async () => {
    const shop = await begin(folder)
    assert.is(await shop.terminate(), 0, shop.printed())
    assert.match(shop.printed(), /^ready \S+\nstopping\n$/m)
    assert.equal(processesOf(folder), {})
  })

  it('takes everything with it when it is killed, and the next start has what was acknowledged', async () => {
    const first = await begin(folder)
    const later = { ...account, email: 'later@example.org' }
    assert.is((await first.post('/v1/users', { ...later, name: 'Ravi' })).status, 201)
    assertWholeShop(folder)
    process.kill(readRunFile(folder)?.pid ?? 0, 'SIGKILL')
    assert.is.not(await first.ended(), 0)
    if (isLinux)
      await until(
        'nothing is left of it',
        async () => Object.keys(processesOf(folder)).length === 0,
        10_000,
      ).catch((err: Error) => {
        throw new Error(`${err.message}: ${JSON.stringify(processesOf(folder))}`)
      })

    const second = await begin(folder)
    assert.is((await second.post('/v1/auth/login', later)).status, 200)
    assert.is(await second.ctrlC(), 0, second.printed())
    assert.equal(processesOf(folder), {})
  })
})

/** What `npm start` runs. */
const startCommand = ['node', 'scripts/enter.mjs', 'start']

/** Starts it as a terminal does: in a process group of its own, to which Ctrl-C goes as a whole. */
async function begin(folder: string, [file = '', ...args] = startCommand) {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...env } = process.env
  const start = performance.now()
  const child = spawn(file, [...args, '--port', '0', '--data', folder, '--no-seed'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  let end: number | string | undefined
  child.once('exit', (code, signal) => (end = code ?? String(signal)))
  const orFail = async (what: string, msMax: number, condition: () => boolean) =>
    until(what, async () => condition(), msMax).catch((err: Error) => {
      throw new Error(`${err.message}:\n${printed}`)
    })
  const ended = async () => {
    await orFail('it has ended', stopMsMax, () => end !== undefined)
    return end as number | string
  }
  const readyLine = /^ready (http:\S+)$/m
  await orFail('it is ready', readyMsMax, () => end !== undefined || readyLine.test(printed))
  const url = readyLine.exec(printed)?.[1]
  if (!url) throw new Error(`it ended before it was ready:\n${printed}`)
  return {
    readyMs: performance.now() - start,
    printed: () => printed,
    ended,
    post: (path: string, body: object) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      }),
    ctrlC() {
      process.kill(-(child.pid ?? 0), 'SIGINT')
      return ended()
    },
    terminate() {
      child.kill('SIGTERM')
      return ended()
    },
  }
}

/** Without it, nothing that is left behind could be told from nothing that was found. */
function assertWholeShop(folder: string, more: string[] = []): void {
  if (!isLinux) return
  const commands = Object.values(processesOf(folder)).join('\n')
  for (const part of [...more, 'start.ts', 'postgres', 'redis-server', 'bank', 'users'])
    assert.ok(commands.includes(part), `${part} is not among\n${commands}`)
}

/** The commands of the processes, by id, that have to do with a folder: by name, by settings or by open files. */
function processesOf(folder: string): Record<string, string> {
  if (!isLinux) return {}
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const found = pids.filter((pid) => pid !== String(process.pid) && isOf(folder, `/proc/${pid}`))
  return Object.fromEntries(
    found.map((pid) => [
      pid,
      tried(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' '),
    ]),
  )
}

const isOf = (folder: string, entry: string): boolean =>
  [
    tried(() => readFileSync(`${entry}/cmdline`, 'utf8')),
    tried(() => readFileSync(`${entry}/environ`, 'utf8')),
    tried(() => readlinkSync(`${entry}/cwd`)),
    tried(() =>
      readdirSync(`${entry}/fd`)
        .map((fd) => tried(() => readlinkSync(`${entry}/fd/${fd}`)))
        .join(),
    ),
  ].some((text) => text.includes(folder))

/** What a process that has just ended, or another user's, does not show is nothing. */
function tried(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
