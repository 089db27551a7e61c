import { randomBytes } from 'node:crypto'
import * as assert from 'uvu/assert'
import { databaseUrl, inDatabase, withClient } from '../compose/local/databases.ts'
import { observer } from '../contracts/observable.ts'
import { describe } from '../functions/_runtime/test.ts'
import { endTesting, testServices } from '../functions/_runtime/testing/services.ts'
import { bootstrap } from '../scripts/bootstrap/bootstrap.ts'
import type { Places } from '../scripts/bootstrap/keys.ts'
import { createKubernetes, type Kubernetes } from '../scripts/bootstrap/kubernetes.ts'
import { startSecrets } from './kubernetes-secrets.ts'

// Roles are the server's, and other files use it too.
const owner = `boot-${randomBytes(4).toString('hex')}`
const pooler = `${owner}-pooler`
const database = `${owner}-database`
const written = {
  boxoffice: { SERVICE_KEY: 'random', REDIS_URL: 'redis' },
  redis: { password: 'random' },
  [database]: { password: 'random', url: 'database', direct: 'direct' },
  observer: { password: 'random' },
  notifications: {
    'smtp-url': 'operator',
    'sms-url': 'optional',
    from: 'tickets@boxoffice.example',
  },
  postgres: {},
}

describe('the bootstrap of a cluster', (it) => {
  let adminUrl = ''
  it.before(async () => {
    adminUrl = (await testServices()).adminUrl
  })
  it.after(async () => {
    await withClient(adminUrl, async (admin) => {
      await admin.query(`drop database if exists "${owner}" with (force)`)
      for (const role of [owner, pooler]) await admin.query(`drop role if exists "${role}"`)
    })
    await endTesting()
  })

  const started = async (options = {}) => {
    const secrets = await startSecrets(written, options)
    const { password, host } = new URL(adminUrl)
    secrets.give('postgres', 'password', decodeURIComponent(password))
    const places: Places = {
      postgres: host,
      pooler: 'pooler:6432',
      postgresParameters: 'application_name=boxoffice',
      redis: 'redis:6379',
      redisScheme: 'rediss',
    }
    const run = (kubernetes: Kubernetes = createKubernetes(secrets.access)) =>
      bootstrap({
        kubernetes,
        secrets: Object.keys(written),
        postgresSecret: 'postgres',
        places,
        poolerRole: pooler,
        postgresMsMax: 10_000,
        say: () => {},
      })
    return { secrets, run }
  }

  it('fills each empty key by its recipe, and names those that only the operator has', async () => {
    const { secrets, run } = await started()
    assert.equal(await run(), ['notifications/smtp-url'])
    const key = secrets.value('boxoffice', 'SERVICE_KEY')
    assert.match(key, /^[\w-]{43}$/)
    const password = secrets.value(database, 'password')
    assert.is.not(password, key)
    assert.is(
      secrets.value(database, 'url'),
      `postgres://${owner}:${password}@pooler:6432/${owner}?application_name=boxoffice`,
    )
    assert.is(
      secrets.value('boxoffice', 'REDIS_URL'),
      `rediss://:${secrets.value('redis', 'password')}@redis:6379`,
    )
    assert.is(secrets.value('notifications', 'from'), 'tickets@boxoffice.example')
    assert.is(secrets.value('notifications', 'smtp-url'), '')
    await secrets.stop()
  })

  it('makes a database that its role, and none but it and the pooler, may enter', async () => {
    const { secrets, run } = await started()
    await run()
    const direct = secrets.value(database, 'direct')
    await withClient(direct, async (client) => {
      await client.query('create table things (id int)')
      const { rows } = await client.query('show statement_timeout')
      assert.equal(rows, [{ statement_timeout: '2s' }])
      await client.query('drop table things')
    })
    await withClient(inDatabase(adminUrl, owner), async (admin) => {
      const { rows } = await admin.query(
        `select rolname from pg_roles
         where has_database_privilege(oid, $1, 'connect') and not rolsuper and rolname like 'boot-%'
         order by rolname`,
        [owner],
      )
      assert.equal(rows, [{ rolname: owner }, { rolname: pooler }])
      await admin.query(`set role "${pooler}"`)
      const found = await admin.query('select usename from public.user_search($1)', [owner])
      assert.equal(found.rows, [{ usename: owner }])
    })
    const other = await withClient(inDatabase(direct, 'postgres'), async () => 'entered').catch(
      (err: { code: string }) => err.code,
    )
    assert.is(other, '42501')
    await secrets.stop()
  })

  it('lets the observer in, with the password of its Secret', async () => {
    const { secrets, run } = await started()
    await run()
    const url = databaseUrl(adminUrl, owner, secrets.value('observer', 'password'), observer)
    const { rows } = await withClient(url, (client) => client.query('show search_path'))
    assert.equal(rows, [{ search_path: `"${owner}"` }])
    await secrets.stop()
  })

  it('changes nothing when it runs again, and keeps what the operator gave', async () => {
    const { secrets, run } = await started()
    secrets.give('boxoffice', 'SERVICE_KEY', 'given')
    secrets.give('notifications', 'smtp-url', 'smtp://mail.example')
    assert.equal(await run(), [])
    const writes = secrets.writes()
    const password = secrets.value(database, 'password')
    assert.equal(await run(), [])
    assert.is(secrets.writes(), writes)
    assert.is(secrets.value(database, 'password'), password)
    assert.is(secrets.value('boxoffice', 'SERVICE_KEY'), 'given')
    await secrets.stop()
  })

  it('says which Secret it may not read, and quotes no value', async () => {
    const { secrets } = await started()
    const kubernetes = createKubernetes(secrets.access)
    await kubernetes.readSecret('users').then(
      () => assert.unreachable(),
      (err: Error) =>
        assert.is(err.message, 'the Secret users cannot be read: 403 secrets "users" is forbidden'),
    )
    const stranger = createKubernetes({ ...secrets.access, token: () => 'of someone else' })
    await stranger.readSecret('redis').then(
      () => assert.unreachable(),
      (err: Error) => assert.match(err.message, /401 Unauthorized/),
    )
    await secrets.stop()
  })

  /** Two that have both read before either writes: what each thinks it wrote, and what is there in the end. */
  async function race(isBlind: boolean) {
    const { secrets } = await started({ isBlind })
    const one = createKubernetes(secrets.access)
    const other = createKubernetes(secrets.access)
    const [first, second] = await Promise.all([one.readSecret('redis'), other.readSecret('redis')])
    const wrote = [
      await one.addValues(first, { password: 'first' }),
      await other.addValues(second, { password: 'second' }),
    ]
    const kept = secrets.value('redis', 'password')
    await secrets.stop()
    return { wrote, kept }
  }

  it('lets the second of two that run at once write nothing', async () => {
    assert.equal(await race(false), { wrote: [true, false], kept: 'first' })
  })

  it('would overwrite a key that is in use, did a write not name the version it read', async () => {
    assert.equal(await race(true), { wrote: [true, true], kept: 'second' })
  })
})
