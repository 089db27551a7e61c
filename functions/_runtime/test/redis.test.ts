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
