import * as assert from 'uvu/assert'
import { describe } from '../../../functions/_runtime/test.ts'
import { readManifests, type Manifests } from '../manifests.ts'
import type { Values } from '../manifests/environment.ts'
import { broker, manifests, service } from './support.ts'

const none: Values = { configMaps: {}, secrets: {} }

const read = (files: Record<string, string>, values = none): Manifests =>
  readManifests(manifests(files), values)

function refusal(text: string, values = none): string {
  try {
    read({ 'a.yaml': text }, values)
  } catch (err) {
    return (err as Error).message
  }
  return 'taken'
}

const withTrigger = (spec: string, name = 'seating') =>
  `${service('seating')}---${broker}---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: wants }
spec:
  broker: default
  subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} } }
${spec
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
`

const filters = (text: string) => refusal(withTrigger(`filters: ${text}`))

const wants = (spec: string) => {
  const [trigger] = read({ 'a.yaml': withTrigger(spec) }).triggers
  assert.ok(trigger)
  return trigger.filter
}

describe('manifests', (it) => {
  it("are this project's own, and all of them can be run", () => {
    const named = (names: string[], keys: string[]) =>
      Object.fromEntries(names.map((name) => [name, Object.fromEntries(keys.map((k) => [k, k]))]))
    const own = readManifests(new URL('../../../knative/base', import.meta.url).pathname, {
      configMaps: {},
      secrets: new Proxy(named(['boxoffice'], []), {
        get: (_, name) => new Proxy({}, { get: (__, key) => `${String(name)} ${String(key)}` }),
      }),
    })
    assert.ok(own.services.some(({ name }) => name === 'gateway'))
    assert.ok(own.triggers.length > 0)
    const orders = own.services.find(({ name }) => name === 'orders')
    assert.is(orders?.environment.DATABASE_URL, 'orders-database url')
    assert.is(orders?.environment.NAMESPACE, 'boxoffice')
  })

  it('pass over what belongs to the cluster only', () => {
    const others = ['Namespace', 'Secret', 'Deployment', 'NetworkPolicy', 'Job'].map(
      (kind) => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: x }\n`,
    )
    assert.is(read({ 'a.yaml': others.join('---\n') }).services.length, 0)
  })

  it('give a process its environment: env over envFrom, values over the ConfigMap', () => {
    const text = `
apiVersion: v1
kind: ConfigMap
metadata: { name: common }
data: { URL: cluster, LEVEL: info }
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: orders }
spec:
  template:
    spec:
      containers:
        - envFrom: [{ configMapRef: { name: common } }, { secretRef: { name: keys }, prefix: KEY_ }]
          env:
            - { name: LEVEL, value: debug }
            - { name: DATABASE_URL, valueFrom: { secretKeyRef: { name: db, key: url } } }
            - { name: HERE, valueFrom: { configMapKeyRef: { name: common, key: URL } } }
            - { name: MAYBE, valueFrom: { secretKeyRef: { name: db, key: no, optional: true } } }
`
    const values = {
      configMaps: { common: { URL: 'local' } },
      secrets: { keys: { a: '1' }, db: { url: 'postgres://' } },
    }
    assert.equal(read({ 'a.yaml': text }, values).services[0]?.environment, {
      URL: 'local',
      LEVEL: 'debug',
      KEY_a: '1',
      DATABASE_URL: 'postgres://',
      HERE: 'local',
    })
    assert.match(
      refusal(text, { ...values, secrets: { keys: {} } }),
      'a.yaml: Service orders: env DATABASE_URL needs the key url of the Secret db, which nobody provides',
    )
    assert.match(
      refusal(text, { configMaps: {}, secrets: { db: { url: '' } } }),
      'a.yaml: Service orders: envFrom names the Secret keys, which nobody provides',
    )
  })

  it('are refused where a filter would silently take everything', () => {
    for (const dialect of ['exact', 'prefix', 'suffix'])
      assert.match(
        filters(`[{ ${dialect}: { type: "" } }]`),
        `a.yaml: Trigger wants: the dialect ${dialect} has no value for type: Knative would drop this filter`,
      )
    assert.match(filters('[{ not: { exact: { type: "" } } }]'), 'has no value for type')
    assert.match(filters('[{}]'), 'an entry of filters is empty')
    assert.match(filters('[{ any: [] }]'), 'the dialect any needs a list')
  })

  it('are refused where Knative would refuse a filter', () => {
    assert.match(filters('[{ cesql: "true" }]'), 'it filters with cesql')
    assert.match(
      filters('[{ exact: { type: a }, suffix: { type: b } }]'),
      'has the dialects exact and suffix: Knative takes one an entry',
    )
    assert.match(filters('[{ exact: { data.x: a } }]'), 'it filters on data.x: names of attributes')
    assert.match(refusal(withTrigger('filter: { attributes: { Type: a } }')), 'it filters on Type')
    assert.match(filters('{ exact: { type: a } }'), 'filters must be a list')
    assert.match(filters('[{ equals: { type: a } }]'), 'equals is not a dialect')
    assert.match(filters('[{ exact: { size: 3 } }]'), 'must be quoted')
  })

  it('let "" in filter.attributes stand for any value but none', () => {
    const filter = wants('filter: { attributes: { type: a, color: "" } }')
    assert.is(filter({ type: 'a', color: 'red' }), true)
    assert.is(filter({ type: 'a', color: '' }), false)
    assert.is(filter({ type: 'a' }), false)
  })

  it('let filters win over filter, and neither mean everything', () => {
    const filter = wants('filter: { attributes: { type: a } }\nfilters: [{ exact: { type: b } }]')
    assert.is(filter({ type: 'a' }), false)
    assert.is(filter({ type: 'b' }), true)
    assert.is(wants('delivery: { retry: 1 }')({ type: 'x' }), true)
  })

  it('are refused where a Trigger names what does not exist', () => {
    assert.match(
      refusal(withTrigger('', 'nobody')),
      'a.yaml: Trigger wants: it sends to the Service nobody in boxoffice, which does not exist',
    )
    assert.match(
      refusal(withTrigger('').replace('broker: default', 'broker: other')),
      'a.yaml: Trigger wants: there is no Broker other in boxoffice',
    )
    assert.match(
      refusal(withTrigger('delivery: { deadLetterSink: { ref: { kind: Broker, name: no } } }')),
      'it sends to the Broker no in boxoffice, which does not exist',
    )
  })

  it('are refused where autoscaling annotations have no effect or no meaning', () => {
    const onService = service('a').replace(
      'metadata: { name: a }',
      'metadata: { name: a, annotations: { autoscaling.knative.dev/min-scale: "1" } }',
    )
    assert.match(refusal(onService), 'put it under spec.template.metadata.annotations')
    const annotated = (name: string, value: string) =>
      refusal(service('a', { annotations: { [`autoscaling.knative.dev/${name}`]: value } }))
    assert.match(annotated('min-scale', '-1'), 'it must be a number from 0')
    assert.match(annotated('window', '5s'), 'it must be whole seconds from 6s to 3600s')
    assert.match(annotated('minscale', '1'), 'is not an annotation of Knative')
    assert.match(annotated('metric', 'rps'), 'the emulator knows only concurrency')
    assert.is(annotated('max-scale', '2'), 'taken')
  })

  it("keep a Trigger's own delivery whole: nothing of the Broker's is left in it", () => {
    const own = withTrigger('delivery: { timeout: PT2S }')
    const [trigger] = read({ 'a.yaml': own }).triggers
    assert.is(trigger?.delivery.retriesMax, 0)
    assert.is(trigger?.delivery.timeoutMs, 2000)
    const [inherits] = read({ 'a.yaml': withTrigger('') }).triggers
    assert.is(inherits?.delivery.retriesMax, 1)
  })

  it('begin exponential waits with the delay and linear ones with none', () => {
    const waits = (policy: string) => {
      const text = withTrigger(
        `delivery: { retry: 3, backoffPolicy: ${policy}, backoffDelay: PT0.2S }`,
      )
      const delivery = read({ 'a.yaml': text }).triggers[0]?.delivery
      return [0, 1, 2, 3].map((retry) => delivery?.waitMs(retry))
    }
    assert.equal(waits('exponential'), [200, 400, 800, 1600])
    assert.equal(waits('linear'), [0, 200, 400, 600])
    assert.match(refusal(withTrigger('delivery: { timeout: 5s }')), 'a duration such as PT0.2S')
    assert.match(refusal(withTrigger('delivery: { retryAfterMax: PT1S }')), 'is not emulated')
  })
})
