import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { databaseOwners, functionNames } from '../../contracts/functions.ts'
import { describe } from '../../functions/_runtime/test.ts'
import { composeFile, isOnce, readServices, type Service } from '../../scripts/compose/services.ts'
import { readManifests } from '../emulator/manifests.ts'

const text = readFileSync(composeFile, 'utf8')
const services = readServices()
const of = (name: string): Service => {
  const service = services[name]
  if (!service) throw new Error(`there is no service ${name}`)
  return service
}
const lasting = Object.entries(services).filter(([, service]) => !isOnce(service))
const passwordOf = (name: string) => `${name.toUpperCase().replaceAll('-', '_')}_DATABASE_PASSWORD`

describe('compose.yaml', (it) => {
  it('has each function, from its own image', () => {
    for (const name of functionNames)
      assert.is(of(name).image, `boxoffice/${name}:\${BOXOFFICE_VERSION:-latest}`)
  })

  it('migrates each database with the image that needs it, before that starts', () => {
    for (const name of databaseOwners) {
      const migration = of(`${name}-migrate`)
      assert.ok(isOnce(migration), name)
      assert.is(migration.image, of(name).image)
      assert.equal(migration.command, ['migrate'])
      assert.equal(migration.environment, { DATABASE_URL: of(name).environment?.DATABASE_URL })
      assert.equal(waitsFor(migration), ['databases: service_completed_successfully'])
      assert.equal(waitsFor(of(name)), [
        `${name}-migrate: service_completed_successfully`,
        'redis: service_healthy',
      ])
    }
    assert.equal(waitsFor(of('databases')), ['postgres: service_healthy'])
    assert.equal(waitsFor(of('emulator')), ['broker-redis: service_healthy'])
  })

  it('gives each database to the role of its name, with a password of its own', () => {
    for (const name of databaseOwners) {
      const password = `\${${passwordOf(name)}:?run npm run compose:env}`
      const url = `postgres://${name}:${password}@postgres:5432/${name}`
      assert.is(of(name).environment?.DATABASE_URL, url)
      for (const setup of ['databases', 'setup'])
        assert.is(of(setup).environment?.[passwordOf(name)], password, `${setup}: ${name}`)
    }
    for (const setup of ['databases', 'setup'])
      assert.is(
        of(setup).environment?.OBSERVER_PASSWORD,
        '${OBSERVER_PASSWORD:?run npm run compose:env}',
      )
  })

  it('opens two ports, the ingress and the Broker, to this machine only', () => {
    const ports = Object.entries(services).flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => `${name} ${port}`),
    )
    assert.equal(ports, [
      'emulator 127.0.0.1:${BOXOFFICE_PORT:-8080}:8080',
      'emulator 127.0.0.1:${BROKER_PORT:-8081}:8081',
    ])
    for (const [name, service] of Object.entries(services))
      assert.is(service.network_mode, undefined, name)
  })

  it('confines every service, and limits what it takes', () => {
    for (const [name, service] of Object.entries(services)) {
      assert.is(service.read_only, true, name)
      assert.equal(service.cap_drop, ['ALL'], name)
      assert.equal(service.security_opt, ['no-new-privileges'], name)
      assert.match(String(service.mem_limit), /^\d+[mg]$/, name)
      assert.type(service.pids_limit, 'number', name)
      assert.is(service.privileged, undefined, name)
      if (service.image.startsWith('boxoffice/')) assert.is(service.user, '1000:1000', name)
      if (name !== 'postgres') assert.is(service.cap_add, undefined, name)
    }
  })

  it('looks after the health of what lasts, and starts it again', () => {
    for (const [name, service] of lasting) {
      assert.is(service.restart, 'unless-stopped', name)
      const { test } = service.healthcheck as { test: string[] }
      assert.is(test[0], 'CMD', `${name} is asked without a shell`)
    }
  })

  it('asks for the health of ours in a script that Node can read', () => {
    for (const [name, { healthcheck, image }] of lasting) {
      if (!image.startsWith('boxoffice/')) continue
      const { test } = healthcheck as { test: string[] }
      assert.equal(test.slice(0, 3), ['CMD', 'node', '-e'], name)
      const { status, stderr } = spawnSync(process.execPath, ['-e', test[3] ?? ''])
      assert.is(status, 1, `${name}: nothing listens here, so it is not healthy`)
      assert.is(String(stderr), '', name)
    }
  })

  it('keeps what Redis and the Broker acknowledged', () => {
    for (const name of ['redis', 'broker-redis']) {
      const command = (of(name).command as string[]).join(' ')
      assert.match(command, '--appendonly yes')
      assert.match(command, '--maxmemory-policy noeviction')
      assert.match(command, '--requirepass ${REDIS_PASSWORD:?')
    }
    assert.is.not(of('redis').volumes, of('broker-redis').volumes)
  })

  it('has no value in place of a secret', () => {
    const open = new Set([
      'BOXOFFICE_PORT',
      'BOXOFFICE_VERSION',
      'BROKER_PORT',
      'CORS_ORIGINS',
      'HSTS_SECONDS',
      'LOG_LEVEL',
      'MAIL_FROM',
      'PROVIDER',
      'PUBLIC_URL',
      'RATE_LIMITS',
      'SMTP_URL',
      // Nobody but Stripe can make them, and most shops here have none.
      'STRIPE_KEY',
      'STRIPE_WEBHOOK_KEY',
    ])
    for (const [, name = '', rest = ''] of text.matchAll(/\$\{(\w+)([^}]*)\}/g))
      if (rest !== ':?run npm run compose:env')
        assert.ok(open.has(name) && rest.startsWith(':-'), `\${${name}${rest}}`)
  })

  it('parses with docker-compose 1.29: it has no name of its own', () => {
    assert.equal(
      Object.keys(parse(text, { merge: true, maxAliasCount: -1 })).filter(
        (key) => !key.startsWith('x-'),
      ),
      ['services', 'volumes'],
    )
  })
})

describe('compose.yaml and knative/base', (it) => {
  const empty = new Proxy<Record<string, string>>({}, { get: () => '' })
  const common = { SERVICE_KEY: '', EVENT_KEY: '' }
  const secrets = new Proxy<Record<string, Record<string, string>>>(
    {},
    { get: (_, name) => (name === 'boxoffice' ? common : empty) },
  )
  const deployed = readManifests('knative/base', { configMaps: {}, secrets }).services

  it('tell each function the same settings, but for calls here and for scale there', () => {
    const own = new Set([
      'FUNCTION_ADDRESSES',
      'DATABASE_CONNECTIONS',
      'PREPARED',
      'STREAMS_MAX',
      // On a cluster these are an overlay's.
      'CORS_ORIGINS',
      'HSTS_SECONDS',
      'METRICS_PORT',
      'RATE_LIMITS',
    ])
    const shared = (settings = {}) =>
      Object.keys(settings)
        .filter((key) => !own.has(key))
        .toSorted()
    for (const { name, environment } of deployed)
      assert.equal(shared(of(name).environment), shared(environment), name)
    assert.equal(deployed.map(({ name }) => name).toSorted(), functionNames.toSorted())
  })

  it('tell it the same where no address is meant', () => {
    const [{ environment } = { environment: {} as Record<string, string> }] = deployed
    const here = of('gateway').environment ?? {}
    assert.is(here.NAMESPACE, environment.NAMESPACE)
    for (const name of ['LOG_LEVEL', 'MAIL_FROM'])
      assert.is(here[name], `\${${name}:-${environment[name]}}`)
  })

  it('let every function be called, here without an ingress', () => {
    const addresses = of('gateway').environment?.FUNCTION_ADDRESSES
    assert.equal(
      addresses?.split(','),
      functionNames.filter((name) => name !== 'gateway').map((name) => `${name}=${name}:8080`),
    )
  })
})

describe('prometheus.yml', (it) => {
  it('asks every function, the gateway at the port that is for metrics alone', () => {
    const { scrape_configs: jobs } = parse(
      readFileSync('compose/observability/prometheus.yml', 'utf8'),
    )
    assert.equal(
      jobs.flatMap((job: any) => job.static_configs.flatMap((one: any) => one.targets)),
      functionNames.map((name) => `${name}:${of(name).environment?.METRICS_PORT ?? 8080}`),
    )
    assert.is(of('gateway').environment?.METRICS_PORT, '9464')
  })
})

describe('npm run compose:env', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'boxoffice-env-'))
  it.after(() => rmSync(folder, { recursive: true }))

  it('writes a secret for each that compose.yaml asks for, for its owner only, and keeps it', () => {
    const file = join(folder, '.env')
    const generate = () => {
      const { status } = spawnSync(process.execPath, ['scripts/compose-env.ts', file])
      assert.is(status, 0)
      return readFileSync(file, 'utf8')
    }
    const first = generate()
    const lines = first.trim().split('\n')
    const asked = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name))
    assert.equal(new Set(lines.map((line) => line.split('=')[0])), asked)
    assert.is(new Set(lines.map((line) => line.split('=')[1])).size, lines.length)
    for (const line of lines) assert.match(line, /^\w+=[\w-]{43}$/)
    assert.is(statSync(file).mode & 0o777, 0o600)
    assert.is(generate(), first)
  })
})

describe('functions/Dockerfile', (it) => {
  const dockerfile = readFileSync('functions/Dockerfile', 'utf8').replaceAll(/^# .*\n/gm, '')

  it('builds with the legacy builder', () => {
    assert.not.match(dockerfile, /^#/m)
    assert.not.match(dockerfile, '--mount')
    assert.not.match(dockerfile, '<<')
  })

  it('runs as a user with a number, without a shell, and ends at SIGTERM', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    assert.match(last, '\nUSER 1000:1000\n')
    assert.match(last, '\nENTRYPOINT ["node", "/app/main.mjs"]\n')
    assert.match(last, '\nSTOPSIGNAL SIGTERM\n')
    assert.not.match(last, '\nRUN ')
  })
})

const waitsFor = ({ depends_on: conditions = {} }: Service) =>
  Object.entries(conditions).map(([name, { condition }]) => `${name}: ${condition}`)
