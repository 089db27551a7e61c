import { readBrokerDelivery, readTriggerDelivery, type Delivery } from './delivery.ts'
import { readDestination, type Destination } from './destinations.ts'
import { readFilter, type Filter } from './filters.ts'
import { refuse, type KubernetesObject } from './objects.ts'

export type Broker = { namespace: string; name: string; delivery: Delivery }

export type Trigger = {
  namespace: string
  name: string
  broker: string
  filter: Filter
  subscriber: Destination
  delivery: Delivery
}

export type PingSource = {
  namespace: string
  name: string
  schedule: string
  timezone: string
  contentType: string | undefined
  data: Buffer
  extensions: Record<string, string>
  sink: Destination
}

/** What there is to deliver to. */
export type Known = { services: ReadonlySet<string>; brokers: ReadonlyMap<string, Broker> }

/** The key of a namespaced object in `Known`. */
export const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

export function readBroker(broker: KubernetesObject): Broker {
  const { namespace, name } = broker.metadata
  return { namespace, name, delivery: readBrokerDelivery(broker) }
}

export function readTrigger(trigger: KubernetesObject, known: Known): Trigger {
  const { namespace, name } = trigger.metadata
  const brokerName = trigger.spec.broker
  if (typeof brokerName !== 'string' || brokerName === '')
    refuse(trigger, 'it names no broker: set spec.broker')
  const broker = known.brokers.get(keyOf(namespace, brokerName))
  if (!broker)
    refuse(
      trigger,
      `there is no Broker ${brokerName} in ${namespace}: name another, or list its file in kustomization.yaml`,
    )
  const subscriber = readDestination(trigger, 'subscriber', trigger.spec.subscriber)
  const delivery = readTriggerDelivery(trigger, broker.delivery)
  for (const destination of [subscriber, delivery.deadLetterSink])
    if (destination) mustExist(trigger, destination, known)
  return { namespace, name, broker: brokerName, filter: readFilter(trigger), subscriber, delivery }
}

type PingSpec = {
  schedule?: string
  timezone?: string
  contentType?: string
  data?: string
  dataBase64?: string
  ceOverrides?: { extensions?: Record<string, string> }
  sink?: unknown
}

export function readPingSource(source: KubernetesObject, known: Known): PingSource {
  const { namespace, name } = source.metadata
  const { schedule, timezone, contentType, data, dataBase64, ceOverrides, sink } =
    source.spec as PingSpec
  if (!schedule || schedule.startsWith('@'))
    refuse(source, `its schedule is ${schedule}; it must be a cron expression such as */10 * * * *`)
  if (data !== undefined && dataBase64 !== undefined)
    refuse(source, 'it has data and dataBase64: keep one of them')
  const destination = readDestination(source, 'sink', sink)
  mustExist(source, destination, known)
  return {
    namespace,
    name,
    schedule,
    timezone: timezone ?? 'UTC',
    contentType,
    data: dataBase64 === undefined ? Buffer.from(data ?? '') : Buffer.from(dataBase64, 'base64'),
    extensions: ceOverrides?.extensions ?? {},
    sink: destination,
  }
}

function mustExist(object: KubernetesObject, destination: Destination, known: Known): void {
  if (destination.kind === 'URL') return
  const { kind, namespace, name } = destination
  const all = kind === 'Service' ? known.services : known.brokers
  if (!all.has(keyOf(namespace, name)))
    refuse(
      object,
      `it sends to the ${kind} ${name} in ${namespace}, which does not exist: name another, or list its file in kustomization.yaml`,
    )
}
