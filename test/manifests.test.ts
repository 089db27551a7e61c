import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as assert from 'uvu/assert'
import { parse, parseAllDocuments } from 'yaml'
import { events, type EventContract } from '../contracts/events.ts'
import { functionNames } from '../contracts/functions.ts'
import { routes } from '../contracts/routes.ts'
import { describe } from '../functions/_runtime/test.ts'

const folder = 'knative/base'
const { resources } = parse(readFileSync(`${folder}/kustomization.yaml`, 'utf8')) as {
  resources: string[]
}
const objects = resources.flatMap((file) =>
  parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')).map((one) => one.toJS()),
)
const all = (kind: string): any[] => objects.filter((one) => one.kind === kind)
const services = all('Service').filter(({ apiVersion }) => apiVersion.startsWith('serving.'))
const triggers = all('Trigger')
const contracts: [string, EventContract][] = Object.entries(events)
const clock = 'dev.knative.sources.ping'

describe('knative/base', (it) => {
  it('has one Service for each function, none besides, and lists all of its files', () => {
    const made = services.map(({ metadata }): string => metadata.name)
    assert.equal(made.toSorted(), functionNames.toSorted())
    const files = globSync('*.yaml', { cwd: folder }).filter(
      (file) => file !== 'kustomization.yaml',
    )
    assert.equal(resources.toSorted(), files.toSorted())
  })

  it('has one Trigger for each reader of each CloudEvent, and none besides', () => {
    const wanted = contracts.flatMap(([type, { to }]) => to.map((name) => `${type} to ${name}`))
    const made = triggers.map(
      ({ spec }) => `${spec.filter.attributes.type} to ${spec.subscriber.ref.name}`,
    )
    assert.equal(made.toSorted(), wanted.toSorted())
  })

  it('filters by the type and by what the contract adds to it, and by nothing else', () => {
    for (const { metadata, spec } of triggers) {
      const { type } = spec.filter.attributes
      const { extensions } = (events as Record<string, EventContract>)[type] ?? {}
      assert.equal(spec.filter, { attributes: { type, ...extensions } }, metadata.name)
      assert.is(spec.filters, undefined, metadata.name)
      assert.is(spec.broker, 'default', metadata.name)
      assert.is(spec.subscriber.ref.kind, 'Service', metadata.name)
    }
  })

  // A Trigger's own delivery replaces the Broker's whole: what it leaves out is gone, the dead letters too.
  it('says of each Trigger how it is delivered, wholly', () => {
    const [broker] = all('Broker')
    const complete = ['retry', 'backoffPolicy', 'backoffDelay', 'timeout', 'deadLetterSink']
    for (const { metadata, spec } of [broker, ...triggers]) {
      const { delivery } = spec
      assert.equal(
        complete.filter((field) => !(field in delivery)),
        [],
        metadata.name,
      )
      const { ref, uri } = delivery.deadLetterSink
      assert.equal([ref.kind, ref.name, uri], ['Service', 'dead-letters', '/'], metadata.name)
    }
  })

  it('lets nobody from outside reach a function but the gateway', () => {
    const open = services.filter(
      ({ metadata }) => metadata.labels['networking.knative.dev/visibility'] !== 'cluster-local',
    )
    assert.equal(
      open.map(({ metadata }) => metadata.name),
      ['gateway'],
    )
  })

  it('scales by annotations of the template, where Knative reads them, from zero', () => {
    for (const { metadata, spec } of services) {
      const read = spec.template.metadata.annotations
      for (const name of ['min-scale', 'max-scale', 'target'])
        assert.type(read[`autoscaling.knative.dev/${name}`], 'string', `${metadata.name}: ${name}`)
      assert.is(read['autoscaling.knative.dev/min-scale'], '0', metadata.name)
      assert.ok(!JSON.stringify(metadata).includes('autoscaling'), metadata.name)
    }
  })

  it('gives each function the time that its routes may take', () => {
    const streaming = new Set(
      routes.flatMap(({ route }) => (route.streams ? [route.owner, 'gateway'] : [])),
    )
    for (const { metadata, spec } of services)
      assert.ok(
        spec.template.spec.timeoutSeconds >= (streaming.has(metadata.name) ? 300 : 60),
        metadata.name,
      )
  })

  it('gives each function every setting that it cannot be without', async () => {
    const [{ data: common }] = all('ConfigMap')
    const secret = ['SERVICE_KEY', 'EVENT_KEY']
    for (const { metadata, spec } of services) {
      const [{ env = [], envFrom }] = spec.template.spec.containers
      assert.equal(envFrom, [
        { configMapRef: { name: 'boxoffice' } },
        { secretRef: { name: 'boxoffice' } },
      ])
      const own = env.map(({ name }: { name: string }) => name)
      const given = new Set([...Object.keys(common), ...secret, ...own])
      const missing = (await requiredOf(metadata.name)).filter((name) => !given.has(name))
      assert.equal(missing, [], metadata.name)
    }
  })

  it('runs containers that may do nothing but serve', () => {
    for (const { metadata, spec } of services) {
      const [{ securityContext, readinessProbe, ports }] = spec.template.spec.containers
      assert.equal(
        { securityContext, readinessProbe, ports },
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: 1000,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
          // Without a period: Knative then asks every 50 ms while it starts.
          readinessProbe: { httpGet: { path: '/ready' } },
          ports: [{ containerPort: 8080 }],
        },
        metadata.name,
      )
    }
  })
})

describe('contracts', (it) => {
  it('send each CloudEvent to those that react to it', () => {
    for (const name of functionNames) {
      const file = globSync(`functions/${name}/reactions.ts`).map((path) =>
        readFileSync(path, 'utf8'),
      )
      const reactions = [...file.join().matchAll(/^ {2,4}'(dev\.[\w.]+)':/gm)].map(
        ([, type]) => type,
      )
      const sent = contracts.flatMap(([type, { to }]) => (to.includes(name) ? [type] : []))
      assert.equal(new Set(reactions), new Set<string>(sent), name)
    }
  })

  it('send the clock to each function that sweeps, and have it ask the Broker', () => {
    const sweeping = globSync('functions/*/start.ts')
      .filter((file) => readFileSync(file, 'utf8').includes('createSweeps('))
      .map((file) => basename(file.slice(0, -'/start.ts'.length)))
    assert.equal([...events[clock].to].toSorted(), sweeping.toSorted())
    const [{ spec }] = all('PingSource')
    assert.equal([spec.sink.ref.kind, spec.sink.ref.name], ['Broker', 'default'])
  })
})

/** The settings that stop a function where they are missing. */
async function requiredOf(name: string): Promise<string[]> {
  const { readConfig } = (await import(`../functions/${name}/config.ts`)) as {
    readConfig: (env: object) => unknown
  }
  try {
    readConfig({})
  } catch (err) {
    return [...String(err).matchAll(/^ {2}(\w+):/gm)].map(([, setting = '']) => setting)
  }
  return []
}
