import { createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  databaseUrl,
  ensureDatabases,
  ensureSchema,
  inDatabase,
  withClient,
} from '../../../compose/local/databases.ts'
import { startPostgres } from '../../../compose/local/postgres.ts'
import { startRedis } from '../../../compose/local/redis.ts'
import type { FunctionName } from '../../../contracts/functions.ts'
import { migrate, type Migrations } from '../migrate.ts'

/** A real Postgres and a real Redis: those that the runner started, or this file's own when it runs alone. */
export type Services = { adminUrl: string; redisUrl: string }

let services: Promise<Services> | undefined
const stops: (() => unknown)[] = []

export const testServices = (): Promise<Services> => (services ??= findServices())

async function findServices(): Promise<Services> {
  const { TEST_POSTGRES_URL, TEST_REDIS_URL } = process.env
  if (TEST_POSTGRES_URL && TEST_REDIS_URL)
    return { adminUrl: TEST_POSTGRES_URL, redisUrl: TEST_REDIS_URL }
  const { adminUrl, redisUrl, stop } = await startServices()
  stops.push(stop)
  return { adminUrl, redisUrl }
}

/** Starts both in a folder of their own that goes with them. */
export async function startServices(): Promise<Services & { stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-test-'))
  const say = (line: string) => console.error(line)
  const [postgres, redis] = await Promise.all([
    startPostgres({ folder: join(folder, 'postgres'), isDurable: false, say }),
    startRedis({ folder: join(folder, 'redis'), isDurable: false, say }),
  ])
  const stop = async () => {
    await Promise.all([postgres.stop(), redis.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
  return { adminUrl: postgres.adminUrl, redisUrl: redis.url, stop }
}

/** Ends what this file started; call it in the last `after`. */
export async function endTesting(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop()
  // Another suite of the same file starts its own.
  services = undefined
}

/** A database of the function's own, copied from a migrated template, so that each file starts clean. */
export async function testDatabase(name: FunctionName, migrations: Migrations): Promise<string> {
  const { adminUrl } = await testServices()
  const password = createHmac('sha256', new URL(adminUrl).password).update(name).digest('hex')
  const template = `template_${name}_${fingerprint(migrations)}`
  const copy = `test_${name}_${randomBytes(6).toString('hex')}`
  await withClient(adminUrl, async (admin) => {
    // Several files may need the template at once; one makes it.
    await admin.query(`select pg_advisory_lock(hashtext('test databases'))`)
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [template])
    if (rowCount === 0) {
      await ensureDatabases(adminUrl, { [name]: password })
      await admin.query(`drop database if exists "${template}_new" with (force)`)
      await admin.query(`create database "${template}_new" owner "${name}"`)
      await withClient(inDatabase(adminUrl, `${template}_new`), (inside) =>
        ensureSchema(inside, name),
      )
      await migrate(
        inDatabase(databaseUrl(adminUrl, name, password), `${template}_new`),
        migrations,
      )
      await admin.query(`alter database "${template}_new" rename to "${template}"`)
    }
    await admin.query(`create database "${copy}" template "${template}" owner "${name}"`)
    await admin.query(`select pg_advisory_unlock(hashtext('test databases'))`)
  })
  stops.push(() =>
    withClient(adminUrl, (admin) => admin.query(`drop database if exists "${copy}" with (force)`)),
  )
  return inDatabase(databaseUrl(adminUrl, name, password), copy)
}

const fingerprint = (migrations: Migrations) =>
  createHash('sha256')
    .update(migrations.map((one) => one.name + String(one.class)).join())
    .digest('hex')
    .slice(0, 12)

/** A logical Redis database that no other file uses. */
export async function testRedisUrl(): Promise<string> {
  const { redisUrl } = await testServices()
  const { Redis } = await import('ioredis')
  const redis = new Redis(redisUrl)
  const number = await redis.incr('test:databases')
  await redis.quit()
  if (number > 1000) throw new Error('more test files than Redis has databases: start it anew')
  return `${redisUrl}/${number}`
}
