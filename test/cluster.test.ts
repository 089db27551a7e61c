import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { parse, parseAllDocuments } from 'yaml'
import { databaseOwners, functionNames } from '../contracts/functions.ts'
import { describe } from '../functions/_runtime/test.ts'
import { chart } from '../scripts/chart.ts'

const folder = 'knative/base'
const read = (file: string) => readFileSync(file, 'utf8')
const { resources } = parse(read(`${folder}/kustomization.yaml`)) as { resources: string[] }
const objects = resources.flatMap((file) =>
  parseAllDocuments(read(`${folder}/${file}`)).map((one) => one.toJS()),
)
const all = (kind: string): any[] => objects.filter((one) => one.kind === kind)
const named = (kind: string, name: string) =>
  all(kind).find(({ metadata }) => metadata.name === name)
const functions = all('Service').filter(({ apiVersion }) => apiVersion.startsWith('serving.'))
const containersOf = (object: any): any[] => object.spec.template.spec.containers
const scaleMaxOf = (service: any) =>
  Number(service.spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'])

/** Migrations, the bootstrap, an operator's own session, and what Postgres keeps back for its superuser. */
const otherConnections = 12
/** During a rollout the old revision and the new one serve side by side. */
const revisionsAtOnce = 2

describe('connections to Postgres', (it) => {
  const each = Number(named('ConfigMap', 'boxoffice').data.DATABASE_CONNECTIONS)
  const wanted = (scaleOf: (service: any) => number) =>
    functions
      .filter(({ metadata }) => metadata.name !== 'gateway')
      .map((service) => revisionsAtOnce * scaleOf(service) * each)
      .reduce((sum, connections) => sum + connections, 0)

  it('are enough for all instances of all functions, while a rollout doubles them', () => {
    const [{ args }] = containersOf(named('StatefulSet', 'postgres'))
    const setting = args.find((arg: string) => arg.startsWith('max_connections='))
    const connectionsMax = Number(setting.split('=')[1])
    assert.is(wanted(scaleMaxOf), 312)
    assert.ok(wanted(scaleMaxOf) + otherConnections <= connectionsMax)
  })

  it('are enough in production too, on both sides of the pooler', () => {
    const production = 'knative/overlays/production'
    const scaleIn = (file: string) =>
      Number(/max-scale, value: "(\d+)"/.exec(read(`${production}/patches/${file}`))?.[1])
    const many = new Set(['seating', 'orders', 'payments', 'tickets'])
    const clients = wanted(({ metadata }) =>
      scaleIn(many.has(metadata.name) ? 'many.yaml' : 'some.yaml'),
    )
    const [cluster, pooler] = parseAllDocuments(read(`${production}/postgres.yaml`)).map(
      (one) => one.toJS().spec,
    )
    const { max_client_conn, default_pool_size } = pooler.pgbouncer.parameters
    assert.is(clients, 1560)
    assert.ok(clients <= pooler.instances * Number(max_client_conn))
    const held = pooler.instances * databaseOwners.length * Number(default_pool_size)
    assert.is(held, 360)
    const { max_connections } = cluster.postgresql.parameters
    assert.ok(held + otherConnections <= Number(max_connections))
  })
})

describe('Secrets', (it) => {
  const keysOf = (secret: any) =>
    Object.keys(secret.metadata.annotations)
      .filter((name) => name.startsWith('keys.boxoffice.dev/'))
      .map((name) => name.slice('keys.boxoffice.dev/'.length))

  it('stand in the base without a value, and name each key that a container asks for', () => {
    const pods = objects.filter(({ spec }) => spec?.template?.spec?.containers)
    const asked = pods.flatMap((pod) =>
      containersOf(pod).flatMap(({ env = [] }) =>
        env.map(({ valueFrom }: any) => valueFrom?.secretKeyRef).filter(Boolean),
      ),
    )
    assert.ok(asked.length > databaseOwners.length)
    for (const { name, key } of asked)
      assert.ok(keysOf(named('Secret', name)).includes(key), `${name}/${key}`)
    for (const { metadata, data, stringData } of all('Secret'))
      assert.equal([data, stringData], [undefined, undefined], metadata.name)
  })

  it('are what the bootstrap fills and may write, all of them and nothing else', () => {
    const [{ env }] = containersOf(named('Job', 'bootstrap--latest'))
    const listed = env.find(({ name }: { name: string }) => name === 'SECRETS').value.split(' ')
    const names = all('Secret').map(({ metadata }): string => metadata.name)
    assert.equal(listed.toSorted(), names.toSorted())
    const [{ rules }] = all('Role')
    assert.equal(rules, [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'patch'], resourceNames: listed },
    ])
    for (const owner of databaseOwners)
      assert.equal(keysOf(named('Secret', `${owner}-database`)), ['password', 'url', 'direct'])
  })
})

describe('Jobs', (it) => {
  it('migrate each database by the image of the function that owns it, past the pooler', () => {
    const jobs = all('Job').filter(({ metadata }) => metadata.name.startsWith('migrate-'))
    const made = jobs.map((job): string => {
      const [{ image, args, env }] = containersOf(job)
      const { name, key } = env[0].valueFrom.secretKeyRef
      return [job.metadata.name, image, args, name, key].join(' ')
    })
    const wanted = databaseOwners.map(
      (name) => `migrate-${name}--latest boxoffice/${name}:latest migrate ${name}-database direct`,
    )
    assert.equal(made.toSorted(), wanted.toSorted())
  })

  it('have their images listed in each overlay, so that one tag holds for all', () => {
    for (const overlay of ['minikube', 'production']) {
      const { images } = parse(read(`knative/overlays/${overlay}/kustomization.yaml`)) as {
        images: { name: string; newTag: string }[]
      }
      const own = images.map(({ name }) => name).filter((name) => name !== 'boxoffice/bank')
      const wanted = [...functionNames, 'bootstrap'].map((name) => `boxoffice/${name}`)
      assert.equal(own.toSorted(), wanted.toSorted(), overlay)
      assert.is(new Set(images.map(({ newTag }) => newTag)).size, 1, overlay)
    }
  })
})

describe('NetworkPolicies', (it) => {
  it('deny everything to every pod, in and out, before the others allow', () => {
    assert.equal(named('NetworkPolicy', 'default-deny').spec, {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    })
  })

  it('let nothing into Postgres but owners of a database and the Jobs that prepare it', () => {
    const [{ from, ports }] = named('NetworkPolicy', 'postgres').spec.ingress
    const [owners, jobs] = from.map(({ podSelector }: any) => podSelector.matchExpressions)
    assert.equal(owners, [
      { key: 'serving.knative.dev/service', operator: 'Exists' },
      { key: 'serving.knative.dev/service', operator: 'NotIn', values: ['gateway'] },
    ])
    assert.equal(jobs[0].values, ['migration', 'bootstrap'])
    assert.equal(ports, [{ protocol: 'TCP', port: 5432 }])
    assert.equal(
      functionNames.filter((name) => !databaseOwners.includes(name as never)),
      ['gateway'],
    )
  })
})

describe('overlays/minikube', (it) => {
  it('gives a synchronous delivery up, dead letter and all, while the outbox still waits', () => {
    const text = read('knative/overlays/minikube/kustomization.yaml')
    const retries = [...text.matchAll(/delivery\/retry, value: (\d+)/g)].map(([, n]) => Number(n))
    const timeouts = [...text.matchAll(/timeout, value: PT(\d+)S/g)].map(([, n]) => Number(n))
    assert.equal(
      [retries, timeouts],
      [
        [3, 3],
        [6, 6],
      ],
    )
    const [retry = 0] = retries
    const waits = 0.2 * (2 ** retry - 1)
    const seconds = 2 * ((retry + 1) * (timeouts[0] ?? 0) + waits)
    const published =
      /publishMsMax = ([\d_]+)/.exec(read('functions/_runtime/broker.ts'))?.[1] ?? ''
    assert.ok(seconds * 1000 < Number(published.replaceAll('_', '')), `${seconds} s`)
  })
})

describe('knative/chart', (it) => {
  it('is the base with its own values, object by object, but for the Namespace', () => {
    const values = parse(read('knative/chart/values.yaml'))
    const valueOf = (path: string): unknown => {
      const [, name = '', end = ''] =
        /^\(index \.Values\.scale "([a-z-]+)"\)\.(\w+)$/.exec(path) ?? []
      if (name) return values.scale[name][end]
      if (path === '.Release.Namespace') return 'boxoffice'
      return path
        .replace('.Values.', '')
        .split('.')
        .reduce((inner: any, key) => inner[key], values)
    }
    const rendered = Object.values(chart()).flatMap((text) =>
      parseAllDocuments(
        text.replaceAll(/\{\{ (.*?) \}\}/g, (_, path) => String(valueOf(path))),
        {
          version: '1.1',
        },
      ).map((one) => one.toJS()),
    )
    const key = ({ kind, metadata }: any) => `${kind} ${metadata.name}`
    const inNamespace = (object: any) => ({
      ...object,
      metadata: { ...object.metadata, namespace: 'boxoffice' },
    })
    const wanted = objects.filter(({ kind }) => kind !== 'Namespace').map(inNamespace)
    assert.equal(rendered.map(key), wanted.map(key))
    for (const [i, object] of rendered.entries()) assert.equal(object, wanted[i], key(object))
    assert.equal(Object.keys(values.scale).toSorted(), functionNames.toSorted())
  })
})
