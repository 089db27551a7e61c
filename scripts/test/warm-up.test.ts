import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { createDatabase, statement } from '../../functions/_runtime/database.ts'
import { createLog } from '../../functions/_runtime/log.ts'
import { createMetrics } from '../../functions/_runtime/metrics.ts'
import { createRedis } from '../../functions/_runtime/redis.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { createTokens } from '../../functions/_runtime/tokens.ts'
import { bundle } from '../bundles.ts'
import { newToken, startPostgres, startRedis } from '../images/stand-ins.ts'

describe('the stand-ins of a warm-up', (it) => {
  const log = createLog('warm-up', 'silent')

  it('let everybody into Postgres, and find nothing', async () => {
    const url = `postgres://nobody:nothing@127.0.0.1:${await startPostgres()}/none`
    const database = createDatabase({
      url,
      connections: 2,
      prepared: true,
      log,
      entities: async () => [],
    })
    const find = statement('find', 'select * from seats where id = $1')
    assert.equal(await database.query(find, ['a']), [])
    assert.equal(await database.transaction(async (tx) => tx.query(find, ['b'])), [])
    await database.close()
  })

  it('have the keys in Redis by which their token is good', async () => {
    const { token, keys } = newToken()
    const port = await startRedis({ 'users:jwks': keys })
    const metrics = createMetrics('seating')
    const redis = createRedis({ url: `redis://127.0.0.1:${port}`, log, metrics })
    const tokens = createTokens({
      self: 'seating',
      serviceKey: 'nobody ever signs anything with this one',
      fetchKeys: async () =>
        JSON.parse((await redis.attempt((client) => client.get('users:jwks'))) ?? ''),
    })
    const caller = await tokens.verify(token)
    assert.is(caller.kind === 'user' && caller.roles.join(), 'customer,admin')
    await redis.close()
  })
})

describe('a warm-up', (it) => {
  const folder = mkdtempSync(join('node_modules', '.warm-up-'))
  it.after(() => rmSync(folder, { recursive: true }))

  it('keeps what a function compiled, for everybody to read', async () => {
    const kept = join(folder, 'compiled')
    mkdirSync(kept)
    await bundle('functions/seating/main.ts', join(folder, 'app'))
    const args = ['scripts/images/warm-up.ts', join(folder, 'app', 'main.mjs'), kept]
    const { status, stderr } = spawnSync(process.execPath, args)
    assert.is(status, 0, String(stderr))
    const [file = '', ...others] = globSync(join(kept, '*', '*.compiled'))
    assert.is(others.length, 0)
    assert.ok(statSync(file).size > 1_000_000)
    assert.is(statSync(file).mode & 0o777, 0o644)
  })
})
