import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startRedis } from '../../../compose/local/redis.ts'
import { createLog } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { createRedis } from '../redis.ts'
import { describe } from '../test.ts'

describe('an attempt with Redis', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-redis-'))
  const open = (url: string) =>
    createRedis({ url, log: createLog('test', 'silent'), metrics: createMetrics('test') })
  const start = (port?: number) =>
    startRedis({ folder, isDurable: false, say: () => {}, ...(port ? { port } : {}) })

  it('gives a value while Redis is there, undefined at once while it is not, and a value again afterwards', async () => {
    const server = await start()
    const redis = open(server.url)
    assert.is(await redis.attempt((client) => client.set('a', '1')), 'OK')
    await server.stop()
    const began = performance.now()
    assert.is(await redis.attempt((client) => client.get('a')), undefined)
    assert.ok(performance.now() - began < 300)
    const again = await start(server.port)
    await until(async () => (await redis.attempt((client) => client.set('a', '2'))) === 'OK')
    await redis.close()
    await again.stop()
  })

  it('gives up on a frozen Redis after 250 ms, and after three times asks it only now and then', async () => {
    const server = await start()
    const redis = open(server.url)
    await redis.attempt((client) => client.ping())
    const pid = Number(readFileSync(join(folder, 'redis.pid'), 'utf8'))
    process.kill(pid, 'SIGSTOP')
    const took: number[] = []
    for (let i = 0; i < 6; i++) {
      const began = performance.now()
      assert.is(await redis.attempt((client) => client.ping()), undefined)
      took.push(performance.now() - began)
    }
    process.kill(pid, 'SIGCONT')
    assert.ok(
      took.slice(0, 3).every((ms) => ms > 200 && ms < 450),
      took.join(),
    )
    assert.ok(
      took.slice(3).every((ms) => ms < 20),
      took.join(),
    )
    await until(async () => (await redis.attempt((client) => client.ping())) === 'PONG')
    await redis.close()
    await server.stop()
  })

  const echo = { lua: 'return ARGV[1]', numberOfKeys: 0 }
  type Echoing = { echoOf(text: string): Promise<string> }

  it('knows its scripts from the beginning: one may be asked in the same turn as any other command', async () => {
    const server = await start()
    const redis = open(server.url)
    redis.define({ echoOf: echo })
    await redis.attempt((client) => client.ping())
    const answers = await Promise.all([
      redis.attempt((client) => client.get('nothing')),
      redis.attempt((client) => (client as unknown as Echoing).echoOf('hello')),
    ])
    assert.equal(answers, [null, 'hello'])
    assert.throws(() => redis.define({}), 'before the first attempt')
    await redis.close()
    await server.stop()
  })

  it('the twin: a script that is defined while a pipeline is open ends the process', async () => {
    const server = await start()
    const program = `
      import { Redis } from 'ioredis'
      const redis = new Redis('${server.url}', { enableAutoPipelining: true })
      await redis.ping()
      void redis.get('nothing')
      redis.defineCommand('echoOf', ${JSON.stringify(echo)})
      await redis.echoOf('hello').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 500))
      redis.disconnect()`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    assert.is(status, 1)
    assert.match(stderr, 'results[i] is not iterable')
    await server.stop()
  })

  it('never opens a connection after it was closed', async () => {
    const server = await start()
    const redis = open(server.url)
    await redis.attempt((client) => client.ping())
    await redis.close()
    assert.is(await redis.attempt((client) => client.ping()), undefined)
    await server.stop()
  })

  async function until(condition: () => Promise<boolean>) {
    for (let i = 0; i < 100; i++) {
      if (await condition()) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.unreachable('it never came true')
  }
})
