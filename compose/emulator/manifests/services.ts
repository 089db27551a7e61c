import { readAutoscaling, type Autoscaling } from './autoscaling.ts'
import { readEnvironment, type Values } from './environment.ts'
import { refuse, type KubernetesObject } from './objects.ts'

/** A Knative Service: here, a function that runs as local processes. */
export type Service = {
  name: string
  namespace: string
  environment: Record<string, string>
  /** Requests that one process may have in flight; more of them wait. */
  inFlightMax: number
  timeoutMs: number
  autoscaling: Autoscaling
}

type Template = {
  metadata?: { annotations?: Record<string, string> }
  spec?: { containers?: object[]; containerConcurrency?: number; timeoutSeconds?: number }
}

const defaultTimeoutSeconds = 300

export function readService(service: KubernetesObject, values: Values): Service {
  const template = (service.spec.template ?? {}) as Template
  const {
    containers = [],
    containerConcurrency = 0,
    timeoutSeconds = defaultTimeoutSeconds,
  } = template.spec ?? {}
  const [container] = containers
  if (!container || containers.length > 1)
    refuse(service, `it has ${containers.length} containers; the emulator runs exactly one`)
  const isWithin = (value: number, max: number) =>
    Number.isInteger(value) && value >= 0 && value <= max
  if (!isWithin(containerConcurrency, 1000))
    refuse(service, `containerConcurrency is ${containerConcurrency}; it must be from 0 to 1000`)
  if (!isWithin(timeoutSeconds, 600))
    refuse(service, `timeoutSeconds is ${timeoutSeconds}; it must be from 0 to 600`)
  return {
    name: service.metadata.name,
    namespace: service.metadata.namespace,
    environment: readEnvironment(service, container, values),
    inFlightMax: containerConcurrency || Infinity,
    timeoutMs: (timeoutSeconds || defaultTimeoutSeconds) * 1000,
    autoscaling: readAutoscaling(
      service,
      template.metadata?.annotations ?? {},
      containerConcurrency,
    ),
  }
}
