import type { Values } from './manifests/environment.ts'
import {
  keyOf,
  readBroker,
  readPingSource,
  readTrigger,
  type Broker,
  type PingSource,
  type Trigger,
} from './manifests/eventing.ts'
import { readObjects, type KubernetesObject } from './manifests/objects.ts'
import { readService, type Service } from './manifests/services.ts'

/** What the emulator runs, in the order of the files. */
export type Manifests = {
  services: Service[]
  brokers: Broker[]
  triggers: Trigger[]
  pingSources: PingSource[]
}

/**
 * Reads the manifests that kustomization.yaml in `folder` lists. Throws at the first that cannot work, naming
 * its file and what to do. Objects of other kinds belong to the cluster and are passed over.
 */
export function readManifests(folder: string, values: Values): Manifests {
  const objects = readObjects(folder)
  const of = (group: string, kind: string) =>
    objects.filter((one) => one.kind === kind && one.apiVersion.startsWith(group))
  const resolved = withConfigMaps(of('v1', 'ConfigMap'), values)

  const services = of('serving.knative.dev/', 'Service').map((one) => readService(one, resolved))
  const brokers = of('eventing.knative.dev/', 'Broker').map(readBroker)
  const known = {
    services: new Set(services.map(({ namespace, name }) => keyOf(namespace, name))),
    brokers: new Map(brokers.map((one) => [keyOf(one.namespace, one.name), one])),
  }
  return {
    services,
    brokers,
    triggers: of('eventing.knative.dev/', 'Trigger').map((one) => readTrigger(one, known)),
    pingSources: of('sources.knative.dev/', 'PingSource').map((one) => readPingSource(one, known)),
  }
}

/** The ConfigMaps' own data, with what was given in its place. */
function withConfigMaps(configMaps: KubernetesObject[], values: Values): Values {
  const merged: Values['configMaps'] = { ...values.configMaps }
  for (const { metadata, data } of configMaps)
    merged[metadata.name] = {
      ...(data as Record<string, string>),
      ...values.configMaps[metadata.name],
    }
  return { configMaps: merged, secrets: values.secrets }
}
